import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createConnection } from 'mysql2/promise';
import { run } from './command.js';
import { Keeper } from './keeper.js';
import { freePort } from './port.js';

const readyMs = 60_000;
const user = 'cloud_api';

/** How to start a mysqld: `args` come before all others, `flags` among mysqld's own. */
export interface MysqldProgram {
  readonly command: string;
  readonly args: readonly string[];
  readonly flags: readonly string[];
}

export interface MysqlAccess {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

/** Waits until a MySQL lets this account in. */
export async function untilMysqlAnswers(access: MysqlAccess, giveUp: () => boolean = () => false): Promise<void> {
  const end = Date.now() + readyMs;
  const { host, port, user, password } = access;
  for (;;) {
    try {
      const connection = await createConnection({ host, port, user, password, connectTimeout: 2_000 });
      await connection.end();
      return;
    } catch (error) {
      if (giveUp() || Date.now() > end) throw error;
      await sleep(50);
    }
  }
}

/** A mysqld of our own: a free port of 127.0.0.1, data in a temporary folder. It ends with this process. */
export class PrivateMysql implements MysqlAccess {
  readonly host = '127.0.0.1';
  readonly user = user;
  readonly password = randomBytes(18).toString('hex');
  port = 0;
  private mysqld: ChildProcess | null = null;
  private readonly keeper: Keeper;

  private constructor(
    private readonly program: MysqldProgram,
    private readonly folder: string,
    private readonly durable: boolean,
  ) {
    this.keeper = new Keeper([folder]);
  }

  /** `durable`: a commit survives the death of mysqld and of the machine; otherwise it is fast. */
  static async create(program: MysqldProgram, options: { readonly durable: boolean }): Promise<PrivateMysql> {
    const server = new PrivateMysql(program, await mkdtemp(join(tmpdir(), 'cloud-api-mysql-')), options.durable);
    try {
      await server.initialise();
      await server.startOnFreePort();
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  get pid(): number | null {
    return this.mysqld?.pid ?? null;
  }

  /** Starts it again after `kill`, with the same data on the same port. */
  async start(): Promise<void> {
    const mysqld = spawn(this.program.command, [...this.program.args, ...this.flags(), `--port=${String(this.port)}`], {
      detached: true,
      stdio: 'ignore',
    });
    mysqld.unref();
    this.mysqld = mysqld;
    let hasEnded = mysqld.pid === undefined;
    mysqld.on('error', () => (hasEnded = true));
    mysqld.on('exit', () => (hasEnded = true));
    if (mysqld.pid !== undefined) this.keeper.watch(mysqld.pid);
    try {
      await untilMysqlAnswers(this, () => hasEnded);
    } catch (error) {
      throw new Error(`mysqld does not answer: ${await this.lastErrors()}`, { cause: error });
    }
  }

  /** SIGKILL; returns when the process is gone. Its data stay. */
  async kill(): Promise<void> {
    const { mysqld } = this;
    this.mysqld = null;
    if (mysqld?.pid === undefined) return;
    if (mysqld.exitCode === null && mysqld.signalCode === null) {
      mysqld.ref();
      const exit = once(mysqld, 'exit');
      mysqld.kill('SIGKILL');
      await exit;
    }
    this.keeper.forget(mysqld.pid);
  }

  /** Ends it and removes its data: nobody needs them, so it is not asked to write them out. */
  async stop(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
    this.keeper.close();
  }

  private async initialise(): Promise<void> {
    const account = join(this.folder, 'account.sql');
    const statements = [
      `CREATE USER '${user}'@'127.0.0.1' IDENTIFIED BY '${this.password}';`,
      `GRANT ALL ON *.* TO '${user}'@'127.0.0.1' WITH GRANT OPTION;`,
    ];
    await writeFile(account, `${statements.join('\n')}\n`, { mode: 0o600 });
    const { command, args } = this.program;
    const result = await run(command, [...args, ...this.flags(), '--initialize-insecure', `--init-file=${account}`]);
    await rm(account);
    if (result.exitCode !== 0) {
      throw new Error(`mysqld could not make its data files: ${(await this.lastErrors()) || result.stderr.trim()}`);
    }
  }

  /** Somebody else may take the free port before mysqld does. */
  private async startOnFreePort(): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      this.port = await freePort();
      try {
        await this.start();
        return;
      } catch (error) {
        await this.kill();
        if (attempt === 3) throw error;
      }
    }
  }

  private flags(): readonly string[] {
    const flags = [
      '--no-defaults', // must be the first
      ...this.program.flags,
      ...(process.getuid?.() === 0 ? ['--user=root'] : []),
      `--datadir=${join(this.folder, 'data')}`,
      `--socket=${join(this.folder, 'mysql.sock')}`,
      `--pid-file=${join(this.folder, 'mysqld.pid')}`,
      `--log-error=${this.log}`,
      '--bind-address=127.0.0.1',
      '--skip-name-resolve',
      '--mysqlx=OFF',
      '--performance-schema=OFF',
      '--innodb-buffer-pool-size=64M',
    ];
    if (this.durable) return flags;
    return [...flags, '--innodb-flush-log-at-trx-commit=0', '--innodb-doublewrite=OFF', '--skip-log-bin'];
  }

  private get log(): string {
    return join(this.folder, 'error.log');
  }

  private async lastErrors(): Promise<string> {
    const text = await readFile(this.log, 'utf8').catch(() => '');
    const lines = text.split('\n').filter((line) => line.includes('[ERROR]'));
    return lines
      .slice(-2)
      .map((line) => line.replace(/^.*\[ERROR\] /, ''))
      .join(' ');
  }
}
