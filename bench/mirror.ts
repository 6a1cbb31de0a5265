import { randomUUID } from 'node:crypto';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { Simulator } from '../simulator/simulator-handles.js';

const atOnce = 1_000;

/** Makes servers with a port and two volumes each in the simulator, and rows that say exactly what it says of them. */
export async function mirrorServers(
  simulator: Simulator,
  connection: Connection,
  projectId: number,
  count: number,
): Promise<void> {
  const { cloud } = simulator;
  const made = simulator.bulk({ servers: count, volumes_per_server: 2 });
  const types = new Map([...cloud.volumeTypes.values()].map(({ id, name }) => [name, id]));
  const seen = new Date();
  const servers = made.flatMap(({ id }) => cloud.servers.get(id) ?? []);
  await insert(
    connection,
    'server (uuid, openstack_id, project_id, flavor_openstack_id, name, status, openstack_status, availability_zone, managed_by, observed_at)',
    servers.map((server) => [
      randomUUID(),
      server.id,
      projectId,
      server.flavor.id,
      server.name,
      'ACTIVE',
      'ACTIVE',
      server.zone,
      'adopted',
      seen,
    ]),
  );
  const ids = await idsOf(connection, 'server');
  await insert(
    connection,
    `network_interface (uuid, openstack_id, project_id, server_id, network_openstack_id, fixed_ip_address, fixed_ips, mac_address,
       openstack_status, managed_by, observed_at)`,
    made.flatMap(({ id, port_id: portId }) => {
      const port = cloud.ports.get(portId);
      if (port === undefined) return [];
      const addresses = port.fixedIps.map(({ address }) => address);
      return [
        [
          randomUUID(),
          portId,
          projectId,
          ids.get(id),
          port.networkId,
          addresses[0],
          JSON.stringify(addresses),
          port.mac,
          port.status,
          'adopted',
          seen,
        ],
      ];
    }),
  );
  await connection.query(
    `INSERT INTO network_interface_security_group (network_interface_id, security_group_id)
     SELECT n.id, g.id FROM network_interface n JOIN security_group g ON g.project_id = n.project_id AND g.is_default = 1`,
  );
  await insert(
    connection,
    `volume (uuid, openstack_id, project_id, server_id, name, status, openstack_status, size, is_root_volume, volume_type_openstack_id,
       availability_zone, device, managed_by, observed_at)`,
    made.flatMap(({ id, volume_ids: volumeIds }) =>
      volumeIds.flatMap((volumeId, index) => {
        const volume = cloud.volumes.get(volumeId);
        if (volume === undefined) return [];
        const name = volume.name ?? '';
        return [
          [
            randomUUID(),
            volumeId,
            projectId,
            ids.get(id),
            name === '' ? volumeId : name,
            'IN_USE',
            volume.status,
            volume.size,
            index === 0 ? 1 : 0,
            types.get(volume.type),
            volume.zone,
            volume.attachments[0]?.device,
            'adopted',
            seen,
          ],
        ];
      }),
    ),
  );
  await connection.query('ANALYZE TABLE server, network_interface, volume');
}

async function insert(connection: Connection, into: string, rows: readonly (readonly unknown[])[]): Promise<void> {
  for (let start = 0; start < rows.length; start += atOnce) {
    await connection.query(`INSERT INTO ${into} VALUES ?`, [rows.slice(start, start + atOnce)]);
  }
}

/** Ours, by OpenStack's. */
async function idsOf(connection: Connection, table: string): Promise<ReadonlyMap<string, number>> {
  const [rows] = await connection.query<RowDataPacket[]>(`SELECT id, openstack_id FROM ${table}`);
  return new Map(rows.map((row) => [String(row['openstack_id']), Number(row['id'])]));
}
