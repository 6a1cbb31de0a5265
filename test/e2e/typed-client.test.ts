import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { seed } from '../../simulator/seed.js';
import type { Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import { ServerRequests } from '../support/servers.js';
import { TypedApi } from '../support/typed-api.js';

/** A day at the API by the client whose types are made from its description: what does not fit does not compile. */
describe('the typed client', () => {
  let app: TestApp;
  let demo: Api;
  let typed: TypedApi;

  beforeAll(async () => {
    app = await startApp();
    demo = await app.login('demo');
    typed = new TypedApi(demo);
    // The project's default group comes a moment after the project.
    await demo.until<{ security_groups: unknown[] }>('/security-groups', ({ body }) => body.security_groups.length > 0);
  });

  afterAll(async () => {
    await app.close();
  });

  it('reads every list', async () => {
    expect((await typed.get('/servers', undefined)).body.servers).toEqual([]);
    expect((await typed.get('/volumes', undefined)).body.volumes).toEqual([]);
    expect((await typed.get('/floating-ips', undefined)).body.floating_ips).toEqual([]);
    expect((await typed.get('/network-interfaces', undefined)).body.network_interfaces).toEqual([]);
    expect((await typed.get('/operations', undefined)).body.operations).toEqual([]);
    expect((await typed.get('/key-pairs', undefined)).body.key_pairs).toEqual([]);
    expect((await typed.get('/security-groups', undefined)).body.security_groups[0]?.is_default).toBe(true);
    expect((await typed.get('/projects', undefined)).body.projects.map(({ name }) => name)).toEqual(['demo']);
    expect((await typed.get('/users', undefined)).body.users.length).toBeGreaterThan(1);
    expect((await typed.get('/flavors', undefined)).body.flavors.length).toBeGreaterThan(0);
    expect((await typed.get('/auth/me', undefined)).body.role).toBe('member');
  });

  it('plans a reconciliation, reads everything of it, and sets the policies as they were read', async () => {
    const admin = await app.login('admin');
    const administrator = new TypedApi(admin);
    const policies = await administrator.get('/admin/reconciliation-policies', undefined);
    const set = await administrator.put('/admin/reconciliation-policies', undefined, policies.body);
    expect([set.status, set.body.version]).toEqual([200, policies.body.version + 1]);
    const status = await administrator.get('/admin/reconciliation-status', undefined);
    expect([status.status, status.body.paused]).toEqual([200, null]);
    const run = await administrator.post('/admin/reconciliations', undefined, { mode: 'dry_run' });
    expect(run.status).toBe(202);
    const at = { id: run.body.id };
    await admin.until<{ state: string }>(
      `/admin/reconciliations/${String(at.id)}`,
      ({ body }) => body.state === 'PLANNED',
    );
    const planned = await administrator.get('/admin/reconciliations/{id}', at);
    expect([planned.body.state, planned.body.superseded_by]).toEqual(['PLANNED', null]);
    const { body: runs } = await administrator.get('/admin/reconciliations', undefined);
    expect(runs.reconciliations.map(({ id }) => id)).toContain(at.id);
    const findings = await administrator.get('/admin/reconciliations/{id}/findings', at);
    expect([findings.status, findings.body.next_cursor]).toEqual([200, null]);
    expect((await administrator.get('/admin/reconciliations/{id}/report', at)).status).toBe(200);
    expect((await administrator.get('/admin/unmanaged-resources', undefined)).body.unmanaged_resources).toEqual([]);
  });

  it('makes, changes and deletes a server with its volume, group and address', async () => {
    const { flavorId, imageId, networkId } = await ServerRequests.of(demo);
    const group = await typed.post('/security-groups', undefined, { name: 'typed', description: null, rules: [] });
    expect(group.status).toBe(201);
    const server = await typed.post('/servers', undefined, {
      name: 'typed',
      flavor_id: flavorId,
      network_id: networkId,
      root_volume: { size: 1, image_id: imageId },
      security_group_ids: [group.body.id],
    });
    await demo.finished(server);
    const volume = await typed.post('/volumes', undefined, {
      name: 'typed-data',
      description: null,
      size: 1,
      volume_type_id: seed.volumeTypes['lab-ssd'],
    });
    await demo.finished(volume);
    const place = { server_id: server.body.id, volume_id: volume.body.id };
    expect((await typed.post('/servers/{server_id}/volumes/{volume_id}', place, undefined)).status).toBe(200);
    const renamed = await typed.put('/servers/{id}/info', { id: server.body.id }, { name: 'typed-2' });
    expect(renamed.body.name).toBe('typed-2');
    expect((await typed.delete('/servers/{server_id}/volumes/{volume_id}', place)).status).toBe(200);
    expect((await typed.delete('/volumes/{id}', { id: volume.body.id })).status).toBe(204);
    const deletion = await typed.delete('/servers/{id}', { id: server.body.id });
    await demo.finished(deletion);
    expect((await typed.delete('/security-groups/{id}', { id: group.body.id })).status).toBe(204);
  });
});
