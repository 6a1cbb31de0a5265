import { randomBytes } from 'node:crypto';
import type { Connection } from 'mysql2/promise';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiProcess } from '../../scripts/api-process.js';
import type { Database } from '../../scripts/database.js';
import { seed } from '../../simulator/seed.js';
import { startSimulator } from '../../simulator/simulator.js';
import type { Simulator } from '../../simulator/simulator-handles.js';
import { Api } from '../support/api.js';
import { holdAgainst, type ApiDocument } from '../support/contract.js';
import { launchReplica, startReplica } from '../support/replica.js';
import { connect, createSchema, dropSchema, type TestSchema } from '../support/schema.js';
import { credentialsOf, settingsFor } from '../support/simulated-cloud.js';
import { balance, countTransactions, Promises, type Books } from './books.js';

/** A word that must never be found where it could be read: part of every secret of a world. */
const secretWord = 'canary';

/** A record, an OpenStack and the replicas between them, all of their own. */
export class World {
  readonly promises = new Promises();
  readonly replicas: ApiProcess[] = [];
  private readonly retired: ApiProcess[] = [];

  private constructor(
    readonly simulator: Simulator,
    readonly schema: TestSchema,
    public connection: Connection,
    private readonly settings: Readonly<Record<string, string>>,
  ) {}

  /** `ports`: whether the services of OpenStack share one port; each on its own can refuse connections. */
  static async create(
    database: Database,
    settings: Readonly<Record<string, string>> = {},
    { ports = 'one' }: { readonly ports?: 'one' | 'each' } = {},
  ): Promise<World> {
    const schema = await createSchema(database, `crash_${randomBytes(4).toString('hex')}`);
    const simulator = await startSimulator({ port: 0, ports });
    simulator.setQuotas(seed.projects.demo, {
      instances: -1,
      cores: -1,
      ram: -1,
      volumes: -1,
      gigabytes: -1,
      port: -1,
      floatingip: -1,
      security_group: -1,
      security_group_rule: -1,
    });
    return new World(simulator, schema, await connect(schema), {
      ...settingsFor(simulator.url),
      OS_AUTH_URL: simulator.authUrl,
      ...schema.settings,
      SECRET_KEY: `${secretWord}-${randomBytes(24).toString('hex')}`,
      // A process that is frozen while it records what Keystone said would hold up others with its row locks.
      IDENTITY_SWEEP_MS: '10000',
      // Of replicas that die all the time a step may need many.
      DEADLINE_SERVER_CREATE_MS: '120000',
      DEADLINE_IMAGE_COPY_MS: '120000',
      DEADLINE_DEFAULT_MS: '120000',
      // One login serves a whole program.
      ACCESS_TOKEN_MS: '36000000',
      ...settings,
    });
  }

  async start(failpoint?: string): Promise<ApiProcess> {
    const replica = await startReplica({ settings: this.settings, ...(failpoint === undefined ? {} : { failpoint }) });
    this.replicas.push(replica);
    return replica;
  }

  /** Stops a replica between two transactions: one that is frozen within one holds up whoever needs its rows. */
  async freezeAtRest(replica: ApiProcess): Promise<void> {
    for (let attempt = 1; attempt <= 50; attempt += 1) {
      replica.freeze();
      // What it had sent to MySQL already comes to its end; and MySQL's list of transactions may be 100 ms old.
      await sleep(150);
      if ((await countTransactions(this.connection, 0)) === 0) return;
      replica.thaw();
      await sleep(30);
    }
    throw new Error('the replica is always within a transaction');
  }

  /** Starts again on the same port; returns when it answers. */
  async restart(replica: ApiProcess): Promise<ApiProcess> {
    const next = await this.relaunch(replica);
    await next.answers();
    return next;
  }

  /** Starts again on the same port, without waiting for anything: it may be killed before it answers. */
  async relaunch(replica: ApiProcess): Promise<ApiProcess> {
    const port = Number(new URL(replica.url).port);
    this.retire(replica);
    const next = await launchReplica({ settings: this.settings, port });
    this.replicas.push(next);
    return next;
  }

  retire(replica: ApiProcess): void {
    this.replicas.splice(this.replicas.indexOf(replica), 1);
    this.retired.push(replica);
  }

  /** A person's session; needs one replica that runs. The same token serves at every replica. */
  async login(replica: ApiProcess): Promise<Api> {
    await new Api(replica.url).until<{ imported?: boolean }>('/health/ready', ({ body }) => body.imported === true);
    const document = await fetch(`${replica.url}/openapi.json`);
    holdAgainst((await document.json()) as ApiDocument);
    return Api.login(replica.url, credentialsOf('demo'));
  }

  /** Of a replica that runs. */
  url(): string {
    const [first] = this.replicas;
    if (first === undefined) throw new Error('no replica runs');
    return first.url;
  }

  /** After MySQL was started again. */
  async reconnect(): Promise<void> {
    this.connection = await connect(this.schema);
  }

  /** Waits until nothing is under way and the books balance, at most `limitMs`; returns them and how long it took. */
  async quiet(limitMs: number): Promise<{ books: Books; tookMs: number }> {
    const startedAt = performance.now();
    for (;;) {
      const books = await balance(this.connection, this.simulator, this.promises);
      const tookMs = performance.now() - startedAt;
      if (books.problems.length === 0 || tookMs > limitMs)
        return { books: { ...books, ...this.secretsFound(books) }, tookMs };
      await sleep(100);
    }
  }

  async close(): Promise<void> {
    for (const replica of this.replicas) replica.thaw();
    await Promise.all(this.replicas.map((replica) => replica.kill()));
    await this.connection.end();
    await this.simulator.close();
    await dropSchema(this.schema);
  }

  /** Passwords, keys and tokens have no place in a log. */
  private secretsFound(books: Books): Pick<Books, 'problems'> {
    const words = [secretWord, credentialsOf('demo').password, this.settings['OS_PASSWORD'] ?? secretWord];
    const lines = [...this.retired, ...this.replicas].flatMap((replica) => replica.lines);
    const leaks = lines.filter((line) => words.some((word) => line.includes(word)));
    return {
      problems: [...books.problems, ...leaks.slice(0, 5).map((line) => `a secret in a log: ${line.slice(0, 80)}…`)],
    };
  }
}
