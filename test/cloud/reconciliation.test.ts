import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RowDataPacket } from 'mysql2/promise';
import { adminCall } from '../../src/openstack/openstack-call.js';
import { OpenStackNotFound } from '../../src/openstack/openstack-errors.js';
import { goodPassword, MemberRequests, signUp } from '../support/people.js';
import { ReconciliationRequests, type FindingBody, type ReconciliationBody } from '../support/reconciliations.js';
import type { ServerBody } from '../support/servers.js';
import type { VolumeBody } from '../support/volumes.js';
import { Api } from '../support/api.js';
import { Agreement } from './agreement.js';
import { CloudApp } from './app.js';
import { ByHand } from './by-hand.js';
import { Cloud, eventually } from './cloud.js';
import { Inventory } from './inventory.js';

const policies = {
  missing: 'tombstone',
  missing_grace_seconds: 0,
  mass_missing_count: 100,
  mass_missing_percent: 100,
  unmanaged: 'report',
  orphans: 'delete',
  names: 'accept',
  stuck_after_seconds: 86_400,
};

interface Plan {
  readonly run: ReconciliationBody;
  /** Of what the app has made. */
  readonly findings: readonly FindingBody[];
}

/** A line of the table that is printed at the end. */
interface Line {
  readonly 'done in OpenStack': string;
  readonly finding: string;
  readonly action: string;
  readonly 'after apply': string;
}

describe('reconciliation of what was done in OpenStack', () => {
  let cloud: Cloud;
  let app: CloudApp;
  let agree: Agreement;
  let byHand: ByHand;
  let inventory: Inventory;
  let runs: ReconciliationRequests;

  let web: ServerBody;
  let victim: ServerBody;
  let data: VolumeBody;
  let spare: VolumeBody;
  let lost: VolumeBody;
  let addressId: number;
  let groupId: number;
  let userId: number;
  let orphanId: string;
  const lines: Line[] = [];

  const name = (what: string) => `test-${cloud.deployment}-${what}`;
  const nicOf = (server: ServerBody): number => server.network_interfaces[0]?.id ?? 0;

  beforeAll(async () => {
    cloud = await Cloud.open();
    app = await CloudApp.start(cloud);
    [agree, byHand, runs] = [new Agreement(cloud, app), new ByHand(cloud), new ReconciliationRequests(app.admin)];
    inventory = await Inventory.take(cloud, app.deployment);
    await setPolicies({});
    const { servers, volumes } = app;
    const type = { volume_type_id: cloud.seed.volumeTypeId };
    const made = await Promise.all([
      servers.post(name('web')),
      servers.post(name('victim')),
      volumes.post(name('data'), type),
      volumes.post(name('spare'), type),
      volumes.post(name('lost'), type),
      app.floatingIps.post(cloud.seed.externalNetworkId),
      app.securityGroups.post(name('group')),
      signUp(app.url, `u-${cloud.deployment}-someone`),
    ]);
    const ids = [];
    for (const answer of made) ids.push((await app.done<{ id: number }>(answer)).id);
    [addressId, groupId, userId] = [ids[5] ?? 0, ids[6] ?? 0, ids[7] ?? 0];
    await app.done(await new MemberRequests(app.member).add(app.projectId, userId, { role: 'member' }));
    await app.done(await volumes.attach(ids[1] ?? 0, ids[2] ?? 0));
    [web, victim] = [await agree.server(ids[0] ?? 0), await agree.server(ids[1] ?? 0)];
    [data, spare, lost] = [
      await agree.volume(ids[2] ?? 0),
      await agree.volume(ids[3] ?? 0),
      await agree.volume(ids[4] ?? 0),
    ];
    await app.done(await app.floatingIps.associate(nicOf(web), addressId));
    const nic = await app.row('network_interface', nicOf(web));
    orphanId = await byHand.createPort(name('orphan'), agree.marker(nic));
  });

  afterAll(async () => {
    const settled = await inventory.settle();
    await app.close();
    await cloud.close();
    if (lines.length > 0) console.log(tableOf(lines));
    expect(settled).toEqual({ come: [], gone: [] });
  });

  async function setPolicies(changes: Partial<typeof policies>): Promise<void> {
    await app.done(await app.admin.put('/admin/reconciliation-policies', { ...policies, ...changes }));
  }

  /** Beside ours there may be things of others, which come and go. */
  async function isOurs({ type, resource_type: table, resource_id: id }: FindingBody): Promise<boolean> {
    if (id === null) return type !== 'UNMANAGED';
    const sql =
      table === 'project_user'
        ? "SELECT 1 FROM project_user pu JOIN user u ON u.id = pu.user_id WHERE pu.id = ? AND u.managed_by = 'created'"
        : table === 'project'
          ? 'SELECT 1 FROM project WHERE id = ?'
          : `SELECT 1 FROM ${table} WHERE id = ? AND managed_by = 'created'`;
    return (await app.database.query<RowDataPacket[]>(sql, [id]))[0].length > 0;
  }

  /** Nothing is written in OpenStack by it. */
  async function plan(types?: readonly string[]): Promise<Plan> {
    const before = cloud.stage.writes();
    const run = await runs.plan(types === undefined ? {} : { resource_types: types });
    expect([run.state, run.complete, cloud.stage.writes()]).toEqual(['PLANNED', true, before]);
    const findings: FindingBody[] = [];
    for (const finding of await runs.findings(run.id, '?limit=200')) {
      if (await isOurs(finding)) findings.push(finding);
    }
    return { run, findings };
  }

  /** Finds this and nothing else of these types, does it, and does not find it again. */
  async function reconciled(
    done: string,
    types: readonly string[],
    expected: Partial<FindingBody> & Pick<FindingBody, 'type'>,
    after: () => Promise<string>,
  ): Promise<FindingBody> {
    const { run, findings } = await plan(types);
    expect(findings).toEqual([
      expect.objectContaining({ action: 'FOLLOW', allowed: true, state: 'OPEN', ...expected }),
    ]);
    const [finding] = findings;
    if (finding === undefined) throw new Error('nothing was found');
    const answer = await runs.apply(run.id, { plan_hash: run.plan_hash, finding_ids: [finding.id] });
    expect(answer.status).toBe(202);
    expect(await runs.settled(run.id)).toMatchObject({ state: 'DONE', error: null });
    const [applied] = (await runs.findings(run.id, '?limit=200')).filter(({ id }) => id === finding.id);
    expect(applied).toMatchObject({ state: 'APPLIED' });
    await eventually('what applying began is done', async () => {
      const sql = "SELECT 1 FROM operation WHERE state NOT IN ('SUCCEEDED', 'FAILED', 'CANCELLED')";
      return (await app.database.query<RowDataPacket[]>(sql))[0].length === 0;
    });
    expect((await plan(types)).findings).toEqual([]);
    note(done, finding, await after());
    return finding;
  }

  function note(done: string, { type, resource_type: of, action }: FindingBody, after: string): void {
    lines.push({ 'done in OpenStack': done, finding: `${type} ${of}`, action: action ?? '-', 'after apply': after });
  }

  /** Found, and left to a person. */
  async function reported(done: string, types: readonly string[], expected: Partial<FindingBody>): Promise<void> {
    const { findings } = await plan(types);
    expect(findings).toEqual([expect.objectContaining({ action: null, allowed: false, ...expected })]);
    if (findings[0] !== undefined) note(done, findings[0], 'reported, with the repair');
  }

  it('finds what carries the marker of a row that has another object, and lets it be at first', async () => {
    const { findings } = await plan();
    expect(findings).toEqual([
      expect.objectContaining({
        type: 'ORPHAN',
        resource_type: 'network_interface',
        resource_id: nicOf(web),
        openstack_id: orphanId,
        action: 'DELETE',
        allowed: false,
      }),
    ]);
  });

  describe('a floating IP', () => {
    const types = ['floating_ip'];
    const shown = async () => {
      const { status, server } = await agree.floatingIp(addressId);
      return `${status} ${server === null ? 'on no server' : `on ${server.name.replace(name(''), '')}`}`;
    };

    it('moved to the port of another server', async () => {
      const [{ openstack_id: id }, { openstack_id: port }] = [
        await app.row('floating_ip', addressId),
        await app.row('network_interface', nicOf(victim)),
      ];
      await byHand.moveFloatingIp(String(id), String(port));
      const { after } = await reconciled(
        'floating IP moved to another port',
        types,
        { type: 'FIELD_DRIFT', resource_id: addressId },
        shown,
      );
      expect(after).toMatchObject({ network_interface_id: nicOf(victim) });
    });

    it('disassociated', async () => {
      const { openstack_id: id } = await app.row('floating_ip', addressId);
      await byHand.moveFloatingIp(String(id), null);
      const { after } = await reconciled(
        'floating IP disassociated',
        types,
        { type: 'STATUS_DRIFT', resource_id: addressId },
        shown,
      );
      expect(after).toMatchObject({ status: 'DOWN', network_interface_id: null, fixed_ip_address: null });
    });
  });

  describe('a server', () => {
    const types = ['server'];
    const shown = async () => {
      const { status, name: called } = await agree.server(web.id);
      return `${status} ${called.replace(name(''), '')}`;
    };
    const openstackId = () => web.openstack_id ?? '';

    it('in ERROR, and back', async () => {
      await byHand.setServerState(openstackId(), 'error');
      const { after } = await reconciled(
        'server set to ERROR',
        types,
        { type: 'ERROR_FAULT', resource_id: web.id, before: { status: 'ACTIVE', fault: null } },
        async () => {
          const { body } = await app.member.get<ServerBody>(`/servers/${String(web.id)}`);
          expect(body).toMatchObject({ status: 'ERROR', fault: { code: 'OPENSTACK_ERROR' } });
          return `${body.status}, fault ${String(body.fault?.code)}`;
        },
      );
      expect(after).toMatchObject({ status: 'ERROR', fault: { code: 'OPENSTACK_ERROR' } });
      await byHand.setServerState(openstackId(), 'active');
      await reconciled('server set back to ACTIVE', types, { type: 'STATUS_DRIFT', resource_id: web.id }, shown);
    });

    it('renamed', async () => {
      const rename = (to: string) => cloud.admin.serverActions.rename(cloud.call, openstackId(), name(to));
      await rename('elsewhere');
      const [before, after] = [{ name: name('web') }, { name: name('elsewhere') }];
      const drift = { type: 'FIELD_DRIFT', resource_id: web.id } as const;
      await reconciled('server renamed', types, { ...drift, before, after }, shown);
      await setPolicies({ names: 'enforce' });
      await rename('again');
      const enforced = { ...drift, before: after, after: { name: name('again') }, action: 'RENAME' };
      await reconciled('server renamed, names: enforce', types, enforced, shown);
      await setPolicies({});
    });

    it('stopped', async () => {
      await byHand.stopServer(openstackId());
      const drift = { before: { status: 'ACTIVE' }, after: { status: 'SHUTOFF' }, resource_id: web.id };
      await reconciled('server stopped', types, { type: 'STATUS_DRIFT', ...drift }, shown);
    });
  });

  it('a security group with one more rule', async () => {
    const { openstack_id: id } = await app.row('security_group', groupId);
    await cloud.admin.securityGroups.createRule(cloud.call, String(id), {
      protocol: 'tcp',
      etherType: 'IPv4',
      direction: 'ingress',
      portRangeMin: 8080,
      portRangeMax: 8080,
      remoteIpPrefix: null,
      remoteGroupOpenstackId: null,
      description: null,
    });
    const { after } = await reconciled(
      'rule added to a security group',
      ['security_group'],
      { type: 'FIELD_DRIFT', resource_id: groupId },
      async () => `${String((await agree.securityGroup(groupId)).rules.length)} rules`,
    );
    expect(after).toEqual({ rules: [expect.objectContaining({ protocol: 'tcp', port_range_min: 8080 })] });
  });

  describe('a volume', () => {
    const types = ['volume'];
    const shown = async () => (await agree.volume(spare.id)).status;
    const openstackId = () => spare.openstack_id ?? '';

    it('in error, and back', async () => {
      await byHand.setVolumeStatus(openstackId(), 'error');
      await reconciled('volume set to error', types, { type: 'ERROR_FAULT', resource_id: spare.id }, async () => {
        const { status, fault } = await app.volumes.get(spare.id);
        expect([status, fault?.code]).toEqual(['ERROR', 'OPENSTACK_ERROR']);
        return `${status}, fault ${String(fault?.code)}`;
      });
      await byHand.setVolumeStatus(openstackId(), 'available');
      await reconciled('volume set back to available', types, { type: 'STATUS_DRIFT', resource_id: spare.id }, shown);
    });

    it.each(['creating', 'detaching'])('stuck in %s', async (status) => {
      await byHand.setVolumeStatus(openstackId(), status);
      const drift = { type: 'STATUS_DRIFT', resource_id: spare.id, after: { status: status.toUpperCase() } } as const;
      await reconciled(`volume set to ${status}`, types, drift, shown);
      await setPolicies({ stuck_after_seconds: 1 });
      await eventually('stuck', async () => (await plan(types)).findings.length > 0);
      await reported(`volume stays ${status}`, types, {
        type: 'STUCK_TRANSITION',
        resource_id: spare.id,
        reason: expect.stringContaining(`openstack volume set --state`) as unknown as string,
      });
      await setPolicies({});
      await byHand.setVolumeStatus(openstackId(), 'available');
      await reconciled(`volume reset from ${status}`, types, { type: 'STATUS_DRIFT', resource_id: spare.id }, shown);
    });

    it('deleted', async () => {
      await cloud.admin.volumes.delete(cloud.call, lost.openstack_id ?? '');
      await eventually('volume gone', () => isGone('volume', lost.openstack_id));
      const expected = { type: 'DELETED_OUTSIDE', action: 'TOMBSTONE', resource_id: lost.id } as const;
      await reconciled('volume deleted', types, expected, async () => {
        await agree.gone('volume', lost.id);
        return 'row deleted';
      });
    });
  });

  describe('a user', () => {
    const types = ['user', 'project_user'];
    let openstackId: string;

    it('with another role', async () => {
      openstackId = String((await app.row('user', userId))['openstack_id']);
      await byHand.setRole(openstackId, 'member', 'reader');
      await reconciled(
        "user's role changed from member to reader",
        types,
        {
          type: 'FIELD_DRIFT',
          resource_type: 'project_user',
          before: { role: 'member' },
          after: { role: 'reader' },
        },
        async () => {
          const sql = 'SELECT role FROM project_user WHERE user_id = ?';
          const [rows] = await app.database.query<RowDataPacket[]>(sql, [userId]);
          expect(rows).toEqual([{ role: 'reader' }]);
          return 'reader';
        },
      );
    });

    it('disabled', async () => {
      await byHand.disableUser(openstackId);
      const drift = { resource_id: userId, before: { enabled: true }, after: { enabled: false } };
      await reconciled('user disabled', types, { type: 'FIELD_DRIFT', resource_type: 'user', ...drift }, async () => {
        expect(await app.row('user', userId)).toMatchObject({ enabled: 0 });
        const credentials = { account_id: `u-${cloud.deployment}-someone`, password: goodPassword };
        expect((await new Api(app.url).post('/auth/login', credentials)).status).toBe(401);
        return 'cannot log in';
      });
    });

    it('deleted', async () => {
      await cloud.admin.users.delete(adminCall, openstackId);
      const expected = { type: 'DELETED_OUTSIDE', resource_type: 'user', action: 'TOMBSTONE' } as const;
      await reconciled('user deleted', types, { ...expected, resource_id: userId }, async () => {
        expect((await app.row('user', userId))['deleted_at']).not.toBeNull();
        return 'row deleted';
      });
    });
  });

  it('a server deleted: its port goes, its data stay', async () => {
    await byHand.deleteServer(victim.openstack_id ?? '');
    const portId = victim.network_interfaces[0]?.openstack_id ?? null;
    const rootId = victim.volumes.find((volume) => volume.is_root_volume)?.id ?? 0;
    for (const id of [data.id, rootId]) {
      const { openstack_id: openstackId } = await app.row('volume', id);
      await byHand.volumeIs(String(openstackId), 'available');
    }
    const expected = { type: 'DELETED_OUTSIDE', action: 'TOMBSTONE', resource_id: victim.id } as const;
    await reconciled('server deleted', ['server'], expected, async () => {
      await agree.gone('server', victim.id);
      await agree.gone('network_interface', nicOf(victim));
      expect(await isGone('network_interface', portId)).toBe(true);
      expect(await agree.volume(data.id)).toMatchObject({ status: 'AVAILABLE', server_id: null });
      expect(await agree.volume(rootId, 'VOLUME_KEPT')).toMatchObject({ status: 'AVAILABLE', is_root_volume: false });
      return 'row and port gone, both volumes stay';
    });
    await app.done(await app.volumes.delete(rootId));
  });

  it('an orphaned port, on second sight', async () => {
    const types = ['network_interface'];
    await eventually('old enough', async () => (await plan(types)).findings.some(({ allowed }) => allowed));
    const expected = { type: 'ORPHAN', action: 'DELETE', openstack_id: orphanId } as const;
    await reconciled('port with the marker of another port of ours', types, expected, async () => {
      expect(await isGone('network_interface', orphanId)).toBe(true);
      await agree.networkInterface(nicOf(web));
      return 'port deleted';
    });
  });

  it('finds nothing more, and all of it can be deleted', async () => {
    expect((await plan()).findings).toEqual([]);
    await app.done(await app.member.delete(`/servers/${String(web.id)}`));
    for (const { id } of [data, spare]) await app.done(await app.volumes.delete(id));
    await app.done(await app.floatingIps.release(addressId));
    await app.done(await app.securityGroups.delete(groupId));
    expect((await plan()).findings).toEqual([]);
  });

  async function isGone(table: 'volume' | 'network_interface', openstackId: string | null): Promise<boolean> {
    try {
      await agree.seen(table, openstackId ?? '');
      return false;
    } catch (error) {
      if (error instanceof OpenStackNotFound) return true;
      throw error;
    }
  }
});

function tableOf(lines: readonly Line[]): string {
  const [first] = lines;
  if (first === undefined) return '';
  const columns = Object.keys(first) as (keyof Line)[];
  const widths = columns.map((column) => Math.max(column.length, ...lines.map((line) => line[column].length)));
  const row = (cells: readonly string[]) =>
    `| ${cells.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join(' | ')} |`;
  const rule = row(widths.map((width) => '-'.repeat(width)));
  return [row(columns), rule, ...lines.map((line) => row(columns.map((column) => line[column])))].join('\n');
}
