import { setTimeout as sleep } from 'node:timers/promises';
import { ApiProcess } from '../scripts/api-process.js';
import { freePort } from '../scripts/port.js';
import type { BulkServer } from '../simulator/bulk.js';
import { connect, type TestSchema } from '../test/support/schema.js';
import { StatementLog } from '../test/support/statements.js';
import type { BenchRow } from './measure.js';
import { login, openSite, productionSettings } from './site.js';

/** With a port and two volumes each: 10,000 resources. */
const servers = 2_500;
const minuteMs = 60_000;
/** What was just made is listed as changed for two minutes, and is compared by the first of those lists. */
const restMs = 3.5 * minuteMs;
const mostCalls = 40;
const mostStatements = 600;

/** What goes on in a minute when nobody asks for anything. */
export async function benchIdle(): Promise<readonly BenchRow[]> {
  const site = await openSite();
  const settings = productionSettings(site.simulator, site.schema);
  const api = await ApiProcess.start({ port: await freePort(), settings });
  try {
    const demo = await login(api.url);
    await insertRowsOf(
      site.schema,
      demo.login?.project_id ?? 0,
      site.simulator.bulk({ servers, volumes_per_server: 2 }),
    );
    await sleep(restMs);
    const log = await StatementLog.open(site.schema);
    const before = site.simulator.log.list().at(-1)?.id ?? 0;
    const statements = (await log.during(() => sleep(minuteMs))).length;
    await log.close();
    const calls = site.simulator.log.list({ after: before }).length;
    return [
      row('idle OpenStack calls a minute', calls, mostCalls),
      row('idle statements a minute', statements, mostStatements),
    ];
  } finally {
    await api.kill();
    await site.close();
  }
}

function row(name: string, count: number, most: number): BenchRow {
  const once = { median: count, least: count, most: count };
  return { name, ours: String(count), reference: '', ratio: once, goal: `<= ${String(most)}`, met: count <= most };
}

/** The record of what the simulator holds. */
async function insertRowsOf(schema: TestSchema, projectId: number, made: readonly BulkServer[]): Promise<void> {
  const connection = await connect(schema);
  const objects = JSON.stringify(made);
  const table = `JSON_TABLE(?, '$[*]' COLUMNS (i FOR ORDINALITY, id VARCHAR(64) PATH '$.id', port VARCHAR(64) PATH '$.port_id',
    root VARCHAR(64) PATH '$.volume_ids[0]', data VARCHAR(64) PATH '$.volume_ids[1]')) made`;
  try {
    await connection.query(
      `INSERT INTO server (uuid, openstack_id, project_id, flavor_openstack_id, name, status, openstack_status, observed_at)
       SELECT UUID(), made.id, ?, '2', CONCAT('rest-', made.i), 'ACTIVE', 'ACTIVE', NOW(3) FROM ${table}`,
      [projectId, objects],
    );
    await connection.query(
      `INSERT INTO network_interface (uuid, openstack_id, project_id, server_id, network_openstack_id, observed_at)
       SELECT UUID(), made.port, s.project_id, s.id, UUID(), NOW(3) FROM ${table} JOIN server s ON s.openstack_id = made.id`,
      [objects],
    );
    for (const [column, isRoot] of [
      ['root', 1],
      ['data', 0],
    ] as const) {
      await connection.query(
        `INSERT INTO volume (uuid, openstack_id, project_id, server_id, name, status, openstack_status, size, is_root_volume, observed_at)
         SELECT UUID(), made.${column}, s.project_id, s.id, CONCAT(s.name, '-${column}'), 'IN_USE', 'in-use', 1, ?, NOW(3)
           FROM ${table} JOIN server s ON s.openstack_id = made.id`,
        [isRoot, objects],
      );
    }
  } finally {
    await connection.end();
  }
}
