import { startDatabase, type Database } from '../scripts/database.js';
import { startSimulator } from '../simulator/simulator.js';
import type { Simulator } from '../simulator/simulator-handles.js';
import { Api } from '../test/support/api.js';
import { connect, createSchema, dropSchema, type TestSchema } from '../test/support/schema.js';
import { credentialsOf, settingsFor } from '../test/support/simulated-cloud.js';
import { testSettings } from '../test/support/settings.js';

/** Timings of production; only what has to be given is given. */
export function productionSettings(simulator: Simulator, schema: TestSchema): Record<string, string> {
  const { SECRET_KEY } = testSettings;
  return {
    SECRET_KEY: SECRET_KEY ?? '',
    LOG_LEVEL: 'warn',
    // What is measured is how many requests a second there can be.
    RATE_LIMIT_SESSION: '0',
    RATE_LIMIT_ADDRESS: '0',
    ...settingsFor(simulator.url),
    ...schema.settings,
  };
}

/** A MySQL, a schema and a simulator for one benchmark. */
export interface Site {
  readonly database: Database;
  readonly schema: TestSchema;
  readonly simulator: Simulator;
  close(): Promise<void>;
}

export async function openSite(): Promise<Site> {
  const database = await startDatabase({ durable: true });
  const schema = await createSchema(database, 'bench');
  const simulator = await startSimulator({ port: 0 });
  return {
    database,
    schema,
    simulator,
    close: async () => {
      await simulator.close();
      await dropSchema(schema);
      await database.stop();
    },
  };
}

export async function login(url: string): Promise<Api> {
  await new Api(url).until<{ imported?: boolean }>('/health/ready', ({ body }) => body.imported === true, 30_000);
  return Api.login(url, credentialsOf('demo'));
}

/** Rows of `count` servers at rest in a project, each with a port, an address and two volumes. */
export async function insertServers(schema: TestSchema, projectId: number, count: number): Promise<void> {
  const connection = await connect(schema);
  try {
    await connection.query('SET cte_max_recursion_depth = 1000000');
    const numbers = `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${String(count)})`;
    const at = `NOW(3) - INTERVAL i SECOND`;
    await connection.query(
      `INSERT INTO server (uuid, openstack_id, project_id, flavor_openstack_id, image_openstack_id, name, status, openstack_status, observed_at, created_at)
       ${numbers} SELECT UUID(), UUID(), ?, '2', UUID(), CONCAT('bench-', i), 'ACTIVE', 'ACTIVE', NOW(3), ${at} FROM n`,
      [projectId],
    );
    await connection.query(
      `INSERT INTO network_interface (uuid, openstack_id, project_id, server_id, network_openstack_id, fixed_ip_address, fixed_ips, mac_address, observed_at)
       SELECT UUID(), UUID(), project_id, id, UUID(), '10.20.1.1', '["10.20.1.1"]', 'fa:16:3e:00:00:01', NOW(3) FROM server`,
    );
    await connection.query(
      `INSERT INTO floating_ip (uuid, openstack_id, project_id, network_interface_id, floating_network_openstack_id, address, fixed_ip_address, status, observed_at)
       SELECT UUID(), UUID(), project_id, id, UUID(), '198.18.0.9', '10.20.1.1', 'ACTIVE', NOW(3) FROM network_interface`,
    );
    for (const [suffix, isRoot] of [
      ['root', 1],
      ['data', 0],
    ] as const) {
      await connection.query(
        `INSERT INTO volume (uuid, openstack_id, project_id, server_id, name, status, openstack_status, size, is_root_volume, observed_at)
         SELECT UUID(), UUID(), project_id, id, CONCAT(name, '-${suffix}'), 'IN_USE', 'in-use', 10, ${String(isRoot)}, NOW(3) FROM server`,
      );
    }
    await connection.query('ANALYZE TABLE server, network_interface, floating_ip, volume');
  } finally {
    await connection.end();
  }
}
