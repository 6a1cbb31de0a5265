import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { run } from './command.js';
import { ContainerMysql, dockerAnswers } from './mysql-container.js';
import { downloadedMysqld } from './mysql-download.js';
import { PrivateMysql, type MysqlAccess, type MysqldProgram } from './mysql-server.js';

/** given: by DB_HOST; container: Docker; local: mysqld of this machine; downloaded: mysqld of the user's cache. */
export type DatabaseKind = 'given' | 'container' | 'local' | 'downloaded';

/** A running MySQL whose account may create schemas. */
export interface Database extends MysqlAccess {
  readonly kind: DatabaseKind;
  /** Ends it and removes its data; a given one goes on. It also ends with this process, however that ends. */
  stop(): Promise<void>;
  /** For tests that kill MySQL: same data and same port afterwards. Null where it is not ours to kill. */
  readonly crash: { kill(): Promise<void>; start(): Promise<void> } | null;
}

export interface DatabaseOptions {
  /** With the durable defaults of MySQL; otherwise as fast as it gets, for data that nobody will miss. */
  readonly durable: boolean;
  /** Hears what takes long, and why a way was not taken. */
  readonly report?: (text: string) => void;
}

/** No way to a MySQL is open here; the message is one line for a person. */
export class NoDatabase extends Error {}

const ways =
  'set DB_HOST (and DB_PORT, DB_USER, DB_PASSWORD) to a MySQL 8.4 or newer, or start Docker, ' +
  'or put mysqld 8.4 or newer on the PATH (MariaDB does not count), or use Debian or Ubuntu, where MySQL is downloaded with apt';

/**
 * Gives a MySQL, by the first way that is open: the one that DB_HOST names; a container; mysqld of this machine; mysqld from the packages of
 * Debian or Ubuntu.
 *
 * @throws NoDatabase
 */
export async function startDatabase(options: DatabaseOptions): Promise<Database> {
  const given = givenDatabase();
  if (given !== null) return given;
  const report = options.report ?? (() => undefined);
  const reasons: string[] = [];
  for (const way of [containerDatabase, localDatabase, downloadedDatabase]) {
    try {
      const database = await way(options, report);
      if (database !== null) return database;
    } catch (error) {
      reasons.push(error instanceof Error ? oneLine(error.message) : String(error));
      report(`no MySQL this way: ${reasons.at(-1) ?? ''}`);
    }
  }
  const tried = reasons.length === 0 ? '' : ` (${reasons.join('; ')})`;
  throw new NoDatabase(`There is no MySQL to be had here${tried}. One of these helps: ${ways}.`);
}

function givenDatabase(): Database | null {
  const host = process.env['DB_HOST'];
  if (host === undefined || host === '') return null;
  return {
    kind: 'given',
    host,
    port: Number(process.env['DB_PORT'] ?? '3306'),
    user: process.env['DB_USER'] ?? 'cloud_api',
    password: process.env['DB_PASSWORD'] ?? '',
    stop: async () => Promise.resolve(),
    crash: null,
  };
}

async function containerDatabase(options: DatabaseOptions): Promise<Database | null> {
  if (!(await dockerAnswers())) return null;
  return owned('container', await ContainerMysql.create(options));
}

async function localDatabase(options: DatabaseOptions, report: (text: string) => void): Promise<Database | null> {
  const program = await localMysqld(report);
  return program === null ? null : owned('local', await PrivateMysql.create(program, options));
}

async function downloadedDatabase(options: DatabaseOptions, report: (text: string) => void): Promise<Database | null> {
  return owned('downloaded', await PrivateMysql.create(await downloadedMysqld(report), options));
}

function owned(kind: DatabaseKind, server: PrivateMysql | ContainerMysql): Database {
  return {
    kind,
    host: server.host,
    port: server.port,
    user: server.user,
    password: server.password,
    stop: async () => server.stop(),
    crash: { kill: async () => server.kill(), start: async () => server.start() },
  };
}

/** Packages put mysqld where the PATH of an ordinary user does not reach. */
async function localMysqld(report: (text: string) => void): Promise<MysqldProgram | null> {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  for (const command of new Set(folders.filter((folder) => folder !== '').map((folder) => join(folder, 'mysqld')))) {
    if (!existsSync(command)) continue;
    const { stdout } = await run(command, ['--no-defaults', '--version']);
    const refusal = refusalOf(stdout);
    if (refusal === null) return { command, args: [], flags: [] };
    report(`${command} is not used: ${refusal}`);
  }
  return null;
}

/** Why the mysqld that says this of itself cannot be used; null when it can. */
export function refusalOf(version: string): string | null {
  if (/mariadb/i.test(version)) return 'it is MariaDB, which refuses SQL that MySQL takes';
  const match = /\bVer (\d+)\.(\d+)/.exec(version);
  if (match === null) return 'it does not tell its version';
  const [major, minor] = [Number(match[1]), Number(match[2])];
  return major > 8 || (major === 8 && minor >= 4)
    ? null
    : `it is ${String(major)}.${String(minor)}; 8.4 is the oldest that serves`;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
