import { Api } from './api.js';
import { insertGroupsAndOperations, insertPeople, insertProjects, insertServers } from './rows-at-rest.js';
import { connect, type TestSchema } from './schema.js';
import { credentialsOf, type AccountName } from './simulated-cloud.js';
import { StatementLog } from './statements.js';

/**
 * Every list of what is in the record, who asks for it, and what else than the time of creation it can be sorted by. The catalogue's lists ask
 * OpenStack.
 */
const lists: readonly { readonly path: string; readonly askers: readonly AccountName[]; readonly sorts: string[] }[] = [
  { path: '/servers', askers: ['demo', 'admin'], sorts: ['name'] },
  { path: '/volumes', askers: ['demo', 'admin'], sorts: ['name'] },
  { path: '/network-interfaces', askers: ['demo', 'admin'], sorts: [] },
  { path: '/floating-ips', askers: ['demo', 'admin'], sorts: ['address'] },
  { path: '/security-groups', askers: ['demo', 'admin'], sorts: ['name'] },
  { path: '/projects', askers: ['mate', 'admin'], sorts: ['name'] },
  { path: '/users', askers: ['demo', 'admin'], sorts: ['account_id', 'name'] },
  { path: '/operations', askers: ['demo', 'admin'], sorts: [] },
  { path: '/key-pairs', askers: ['demo'], sorts: ['name'] },
];

/** So that nothing is asked of MySQL or compared with OpenStack, which has none of the rows, but for a request. */
export const withoutLoops: Readonly<Record<string, string>> = {
  HOT_LOOP_MS: String(60 * 60_000),
  IDENTITY_SWEEP_MS: String(60 * 60_000),
  ORPHAN_SWEEP_MS: String(60 * 60_000),
  DELTA_MS: '0',
  SWEEP_MS: '0',
};

/** One list as one account asks for it. */
export interface ListRequest {
  readonly asker: AccountName;
  /** The first page. */
  readonly path: string;
}

/** By name backwards: the first pages then show nobody who has 10,000 projects, nor a project of 10,000 people. */
export const listRequests: readonly ListRequest[] = lists.flatMap(({ path, askers, sorts }) =>
  askers.flatMap((asker) =>
    ['', ...sorts.map((sort) => `&order=desc&sort_by=${sort}`)].map((order) => ({
      asker,
      path: `${path}?limit=5${order}`,
    })),
  ),
);

/** What the first page of a list and the one after it cost. */
export interface ListCost {
  readonly statements: number;
  /** Tables that were read as a whole. */
  readonly scans: readonly string[];
}

/** Lists of an API that is up, with as many rows as `fill` was told. */
export class ListCosts {
  private filled = 0;

  private constructor(
    private readonly schema: TestSchema,
    private readonly log: StatementLog,
    private readonly apis: ReadonlyMap<AccountName, Api>,
  ) {}

  static async open(url: string, schema: TestSchema): Promise<ListCosts> {
    const apis = new Map<AccountName, Api>();
    for (const asker of ['demo', 'mate', 'admin'] as const) {
      apis.set(asker, await Api.login(url, credentialsOf(asker)));
    }
    return new ListCosts(schema, await StatementLog.open(schema), apis);
  }

  async close(): Promise<void> {
    await this.log.close();
  }

  /** Until each list has this many rows, besides the few that Keystone had. */
  async fill(count: number): Promise<void> {
    const range = { projectId: this.api('demo').login?.project_id ?? 0, from: this.filled + 1, to: count };
    const connection = await connect(this.schema);
    try {
      await insertServers(connection, range);
      await insertGroupsAndOperations(connection, range);
      await insertPeople(connection, { ...range, ownerId: this.api('demo').login?.user.id ?? 0 });
      await insertProjects(connection, { ...range, memberId: this.api('mate').login?.user.id ?? 0 });
      this.filled = count;
    } finally {
      await connection.end();
    }
  }

  async measure({ asker, path }: ListRequest): Promise<ListCost> {
    const first = await this.cost(asker, path);
    const second = await this.cost(asker, `${path}&cursor=${first.cursor}`);
    return {
      statements: Math.max(first.statements, second.statements),
      scans: [...first.scans, ...second.scans],
    };
  }

  private async cost(asker: AccountName, path: string): Promise<ListCost & { readonly cursor: string }> {
    const answer = await this.api(asker).get<{ next_cursor: string | null }>(path);
    const statements = await this.log.ofRequest(() => this.api(asker).get(path));
    const scans: string[] = [];
    for (const statement of statements) scans.push(...(await this.log.scansOf(statement)));
    return { cursor: answer.body.next_cursor ?? '', statements: statements.length, scans };
  }

  private api(asker: AccountName): Api {
    const api = this.apis.get(asker);
    if (api === undefined) throw new Error(`${asker} has not logged in`);
    return api;
  }
}
