import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { Simulator } from '../../simulator/simulator-handles.js';
import { markedObjects, type SimulatedObject } from '../support/simulated-objects.js';
import { differences } from './facts.js';

/** What clients were told: a 2xx is a promise. */
export class Promises {
  readonly created = new Set<number>();
  readonly deleted = new Set<number>();
}

/** How the record, OpenStack and what clients were told fit together; every number but the last three must be 0. */
export interface Books {
  /** Marked objects in OpenStack that no live row has. */
  readonly orphans: number;
  /** Markers with more than one object. */
  readonly twice: number;
  /** Live rows with an id whose object is not there, or is another project's or size. */
  readonly missing: number;
  /** Operations that are not final, locks, and rows in BUILD or CREATING without an operation. */
  readonly stuck: number;
  /** Acknowledged creations without a row, acknowledged deletions with a live one. */
  readonly lost: number;
  /** Operations without exactly one audit row. */
  readonly unaudited: number;
  /** Where a row says something else than its object. */
  readonly different: number;
  /** Transactions older than 2 seconds. */
  readonly longTransactions: number;
  /** Objects that the sweep deleted, operations in all, and those that failed: which, at what and why. */
  readonly swept: number;
  readonly failures: readonly string[];
  readonly operations: number;
  /** What is wrong, a line each. */
  readonly problems: readonly string[];
}

interface LiveRow {
  readonly type: string;
  readonly id: number;
  readonly uuid: string;
  readonly openstackId: string | null;
  readonly projectOpenstackId: string;
  readonly size: number | null;
  readonly status: string;
}

const tables = [
  { table: 'server', type: 'server', size: 'NULL', status: 'r.status' },
  { table: 'volume', type: 'volume', size: 'r.size', status: 'r.status' },
  { table: 'network_interface', type: 'port', size: 'NULL', status: "''" },
  { table: 'floating_ip', type: 'floating_ip', size: 'NULL', status: "''" },
  { table: 'security_group', type: 'security_group', size: 'NULL', status: "''" },
] as const;

export async function balance(connection: Connection, simulator: Simulator, promises: Promises): Promise<Books> {
  const rows = await liveRows(connection);
  const marked = markedObjects(simulator);
  const problems: string[] = [];
  const orphans = marked.filter((object) => !rows.some((row) => row.openstackId === object.id));
  for (const object of orphans)
    problems.push(`orphan: ${object.type} ${object.id} ${object.marker ?? ''} ${object.status}`);
  const twice = countBy(marked.map((object) => `${object.type} ${object.marker ?? ''}`)).filter(
    ([, count]) => count > 1,
  );
  for (const [marker, count] of twice) problems.push(`${String(count)} objects of ${marker}`);
  const missing = rows.filter((row) => row.openstackId !== null && !isAsRecorded(row, marked));
  for (const row of missing)
    problems.push(`missing: ${row.type} ${String(row.id)} ${row.openstackId ?? ''} ${row.status}`);
  const stuck = await stuckThings(connection);
  problems.push(...stuck);
  const lost = await lostPromises(connection, promises);
  problems.push(...lost);
  const unaudited = await count(
    connection,
    `SELECT COUNT(*) AS n FROM (SELECT o.id FROM operation o LEFT JOIN audit_event a ON a.operation_id = o.id
       GROUP BY o.id HAVING COUNT(a.id) <> 1) bad`,
  );
  if (unaudited > 0) problems.push(`${String(unaudited)} operations without exactly one audit row`);
  const different = await differences(connection, simulator);
  problems.push(...different);
  const longTransactions = await countTransactions(connection, 3);
  if (longTransactions > 0) problems.push(`${String(longTransactions)} transactions older than 2 s`);
  return {
    orphans: orphans.length,
    twice: twice.length,
    missing: missing.length,
    stuck: stuck.length,
    lost: lost.length,
    unaudited,
    different: different.length,
    longTransactions,
    swept: await count(connection, 'SELECT COUNT(*) AS n FROM orphan WHERE deleted_at IS NOT NULL'),
    failures: await failures(connection),
    operations: await count(connection, 'SELECT COUNT(*) AS n FROM operation'),
    problems,
  };
}

/** How many creating calls each marker saw, e.g. `{1: 240, 2: 3}`: more than one only after an unknown outcome. */
export function creationsPerMarker(simulator: Simulator): ReadonlyMap<number, number> {
  const perMarker = countBy(
    simulator.log
      .list({ method: 'POST' })
      .flatMap(({ created, marker, service }) =>
        created === null || marker === null ? [] : [`${String(service)} ${marker}`],
      ),
  );
  return new Map(
    countBy(perMarker.map(([, times]) => String(times))).map(([times, markers]) => [Number(times), markers]),
  );
}

/** Transactions of this schema that have been open for at least so long. */
export async function countTransactions(connection: Connection, atLeastSeconds: number): Promise<number> {
  return count(
    connection,
    `SELECT COUNT(*) AS n FROM information_schema.innodb_trx t JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id
      WHERE p.db = DATABASE() AND p.id <> CONNECTION_ID() AND t.trx_started <= NOW() - INTERVAL ${String(atLeastSeconds)} SECOND`,
  );
}

async function liveRows(connection: Connection): Promise<readonly LiveRow[]> {
  const selects = tables.map(
    ({ table, type, size, status }) =>
      `SELECT '${type}' AS type, r.id, r.uuid, r.openstack_id AS openstackId, p.openstack_id AS projectOpenstackId,
              ${size} AS size, ${status} AS status
         FROM ${table} r JOIN project p ON p.id = r.project_id WHERE r.deleted_at IS NULL AND r.managed_by = 'created'`,
  );
  const [rows] = await connection.query<(LiveRow & RowDataPacket)[]>(selects.join(' UNION ALL '));
  return rows;
}

function isAsRecorded(row: LiveRow, marked: readonly SimulatedObject[]): boolean {
  const object = marked.find((candidate) => candidate.id === row.openstackId);
  if (object?.type !== row.type || object.project_id !== row.projectOpenstackId) return false;
  return object.marker?.endsWith(row.uuid) === true && (row.size === null || object.size === row.size);
}

async function stuckThings(connection: Connection): Promise<readonly string[]> {
  const [operations] = await connection.query<RowDataPacket[]>(
    "SELECT id, kind, state, phase, step, last_failure FROM operation WHERE state NOT IN ('SUCCEEDED', 'FAILED', 'CANCELLED')",
  );
  const [locks] = await connection.query<RowDataPacket[]>(
    'SELECT resource_type, resource_id, operation_id FROM operation_lock',
  );
  const [building] = await connection.query<RowDataPacket[]>(
    `SELECT 'server' AS type, id FROM server s WHERE status = 'BUILD' AND deleted_at IS NULL
        AND NOT EXISTS (SELECT 1 FROM operation_lock l WHERE l.resource_type = 'server' AND l.resource_id = s.id)
     UNION ALL SELECT 'volume', id FROM volume v WHERE status = 'CREATING' AND deleted_at IS NULL
        AND NOT EXISTS (SELECT 1 FROM operation_lock l WHERE l.resource_type = 'volume' AND l.resource_id = v.id)`,
  );
  return [
    ...operations.map((row) => `not final: ${JSON.stringify(row)}`),
    ...locks.map((row) => `locked: ${JSON.stringify(row)}`),
    ...building.map((row) => `building without an operation: ${JSON.stringify(row)}`),
  ];
}

async function lostPromises(connection: Connection, promises: Promises): Promise<readonly string[]> {
  const [rows] = await connection.query<RowDataPacket[]>('SELECT id, deleted_at IS NULL AS isLive FROM server');
  const live = new Map(rows.map((row) => [Number(row['id']), Number(row['isLive']) === 1]));
  return [
    ...[...promises.created].filter((id) => !live.has(id)).map((id) => `lost: the creation of server ${String(id)}`),
    ...[...promises.deleted]
      .filter((id) => live.get(id) !== false)
      .map((id) => `lost: the deletion of server ${String(id)}`),
  ];
}

async function failures(connection: Connection): Promise<readonly string[]> {
  const [rows] = await connection.query<RowDataPacket[]>(
    "SELECT kind, resource_type, resource_id, step, error_code, error_detail FROM operation WHERE state = 'FAILED' ORDER BY id",
  );
  return rows.map(
    (row) =>
      `${String(row['kind'])} of ${String(row['resource_type'])} ${String(row['resource_id'])} at ${String(row['step'])}: ` +
      `${String(row['error_code'])} ${String(row['error_detail'])}`,
  );
}

async function count(connection: Connection, sql: string): Promise<number> {
  const [rows] = await connection.query<RowDataPacket[]>(sql);
  return Number(rows[0]?.['n'] ?? 0);
}

function countBy(keys: readonly string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return [...counts];
}
