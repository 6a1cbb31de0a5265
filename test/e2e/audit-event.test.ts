import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Answer, Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import { KeyPairRequests } from '../support/key-pairs.js';
import { operationIdOf } from '../support/operations.js';
import { ServerRequests, type ProblemBody } from '../support/servers.js';
import { VolumeRequests } from '../support/volumes.js';

interface AuditEventBody {
  readonly id: number;
  readonly actor_user_id: number | null;
  readonly actor_account_id: string | null;
  readonly project_id: number | null;
  readonly action: string;
  readonly resource_type: string;
  readonly resource_id: number | null;
  readonly operation_id: number | null;
  readonly request_id: string | null;
  readonly detail: Record<string, unknown> | null;
  readonly created_at: string;
}

interface ListBody {
  readonly audit_events: readonly AuditEventBody[];
  readonly next_cursor: string | null;
}

function parametersOf(query: Readonly<Record<string, string | number>>): string {
  return new URLSearchParams(
    Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]),
  ).toString();
}

describe('the audit events', () => {
  let app: TestApp;
  let admin: Api;
  let demo: Api;
  let other: Api;
  let serverId: number;
  let operationId: number;
  let betweenAt: string;

  beforeAll(async () => {
    app = await startApp();
    [admin, demo, other] = [await app.login('admin'), await app.login('demo'), await app.login('other')];
    await new VolumeRequests(other).create('of-another-project');
    betweenAt = new Date().toISOString();
    const answer = await (await ServerRequests.of(demo)).post('audited', {});
    [serverId, operationId] = [answer.body.id, operationIdOf(answer)];
    await demo.finished(answer);
  });

  afterAll(async () => {
    await app.close();
  });

  const list = <T = ListBody>(query: Readonly<Record<string, string | number>> = {}): Promise<Answer<T>> =>
    admin.get<T>(`/admin/audit-events?${parametersOf(query)}`);

  const actions = async (query: Readonly<Record<string, string | number>>): Promise<readonly string[]> =>
    (await list(query)).body.audit_events.map(({ action }) => action);

  it('tell who did what to which thing, by which request and operation', async () => {
    const { body } = await list({ resource_type: 'server', resource_id: serverId });
    expect(body.audit_events).toEqual([
      {
        id: expect.any(Number),
        actor_user_id: demo.login?.user.id,
        actor_account_id: 'demo',
        project_id: demo.login?.project_id,
        action: 'server.create',
        resource_type: 'server',
        resource_id: serverId,
        operation_id: operationId,
        request_id: expect.any(String),
        detail: null,
        created_at: expect.any(String),
      },
    ]);
  });

  it('are found by each filter', async () => {
    expect(await actions({ actor_user_id: other.login?.user.id ?? 0 })).toEqual(['volume.create']);
    expect(await actions({ project_id: other.login?.project_id ?? 0 })).toEqual(['volume.create']);
    expect(await actions({ action: 'server.create' })).toEqual(['server.create']);
    expect(await actions({ action: 'server' })).toEqual([]);
    expect(await actions({ resource_type: 'volume' })).toEqual(['volume.create']);
    expect(await actions({ since: betweenAt })).not.toContain('volume.create');
    expect(await actions({ since: betweenAt })).toContain('server.create');
    expect(await actions({ until: betweenAt })).toEqual(['volume.create']);
    expect(await actions({ since: betweenAt, until: betweenAt })).toEqual([]);
  });

  it('come page by page, each once, newest first unless asked otherwise', async () => {
    for (const name of ['one', 'two']) await new KeyPairRequests(demo).add(name);
    const all = (await list()).body.audit_events.map(({ id }) => id);
    expect(all).toEqual([...all].sort((a, b) => b - a));
    const paged: number[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const { body, headers }: Answer<ListBody> = await list({ limit: 1, ...(cursor === '' ? {} : { cursor }) });
      paged.push(...body.audit_events.map(({ id }) => id));
      expect(headers.get('link') !== null).toBe(body.next_cursor !== null);
      cursor = body.next_cursor;
    }
    expect(paged).toEqual(all);
    const ascending = (await list({ order: 'asc' })).body.audit_events.map(({ id }) => id);
    expect(ascending).toEqual([...all].reverse());
  });

  it.each(['since=yesterday', 'until=2026-11-24', 'actor_user_id=-1', 'action=', 'cursor=abc', 'limit=0', 'nobody=1'])(
    'refuse ?%s',
    async (query) => {
      const answer = await admin.get<ProblemBody>(`/admin/audit-events?${query}`);
      expect([answer.status, answer.body.code]).toEqual([422, 'VALIDATION_FAILED']);
    },
  );

  it.each(['demo', 'viewer'] as const)('are not for %s, and keep that it was tried (A29)', async (account) => {
    const api = await app.login(account);
    const answer = await api.get<ProblemBody>(`/admin/audit-events?action=server.create`);
    expect([answer.status, answer.body.code]).toEqual([403, 'PERMISSION_DENIED']);
    const { body } = await list({ action: 'admin.refused', actor_user_id: api.login?.user.id ?? 0 });
    expect(body.audit_events).toHaveLength(1);
    expect(body.audit_events[0]).toMatchObject({
      actor_account_id: account,
      resource_type: 'route',
      request_id: answer.body.request_id,
      detail: { method: 'GET', route: '/admin/audit-events' },
    });
  });

  it('are for nobody without a token', async () => {
    const answer = await app.anonymous.get<ProblemBody>('/admin/audit-events');
    expect([answer.status, answer.body.code]).toEqual([401, 'INVALID_ACCESS_TOKEN']);
  });
});
