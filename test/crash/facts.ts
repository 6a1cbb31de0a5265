import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { Simulator } from '../../simulator/simulator-handles.js';
import { statusOf } from '../../simulator/nova-views.js';
import { openstackName } from '../../src/openstack/openstack-name.js';

/** Where a live row of ours says something else than the object in OpenStack that it stands for; a line each. */
export async function differences(connection: Connection, simulator: Simulator): Promise<readonly string[]> {
  const { cloud } = simulator;
  const problems: string[] = [];
  const compare = (what: string, ours: unknown, theirs: unknown): void => {
    if (JSON.stringify(ours) !== JSON.stringify(theirs))
      problems.push(`${what}: the record says ${JSON.stringify(ours)}, OpenStack ${JSON.stringify(theirs)}`);
  };
  for (const row of await rows(
    connection,
    'SELECT id, openstack_id, name, status FROM server WHERE deleted_at IS NULL',
  )) {
    const server = cloud.servers.get(String(row['openstack_id']));
    if (server === undefined) continue;
    compare(`name of server ${String(row['id'])}`, openstackName(String(row['name'])), server.name);
    compare(`status of server ${String(row['id'])}`, row['status'], statusOf(server));
  }
  const volumes = await rows(
    connection,
    `SELECT v.id, v.openstack_id, v.name, v.openstack_status, s.openstack_id AS server FROM volume v
       LEFT JOIN server s ON s.id = v.server_id WHERE v.deleted_at IS NULL`,
  );
  for (const row of volumes) {
    const volume = cloud.volumes.get(String(row['openstack_id']));
    if (volume === undefined) continue;
    compare(`name of volume ${String(row['id'])}`, openstackName(String(row['name'])), volume.name);
    compare(`status of volume ${String(row['id'])}`, row['openstack_status'], volume.status);
    compare(`server of volume ${String(row['id'])}`, row['server'], volume.attachments[0]?.serverId ?? null);
  }
  const addresses = await rows(
    connection,
    `SELECT f.id, f.openstack_id, n.openstack_id AS port FROM floating_ip f
       LEFT JOIN network_interface n ON n.id = f.network_interface_id WHERE f.deleted_at IS NULL`,
  );
  for (const row of addresses) {
    const floatingIp = cloud.floatingIps.get(String(row['openstack_id']));
    if (floatingIp !== undefined) compare(`port of floating IP ${String(row['id'])}`, row['port'], floatingIp.portId);
  }
  const ports = await rows(
    connection,
    `SELECT n.id, n.openstack_id, JSON_ARRAYAGG(g.openstack_id) AS group_ids FROM network_interface n
       LEFT JOIN network_interface_security_group ng ON ng.network_interface_id = n.id
       LEFT JOIN security_group g ON g.id = ng.security_group_id
      WHERE n.deleted_at IS NULL AND n.openstack_id IS NOT NULL GROUP BY n.id`,
  );
  for (const row of ports) {
    const port = cloud.ports.get(String(row['openstack_id']));
    const ours = (row['group_ids'] as (string | null)[]).filter((id) => id !== null).sort();
    if (port !== undefined)
      compare(`groups of interface ${String(row['id'])}`, ours, [...port.securityGroupIds].sort());
  }
  const groups = await rows(
    connection,
    `SELECT g.id, g.openstack_id, g.name, g.is_default, JSON_ARRAYAGG(r.openstack_id) AS rule_ids FROM security_group g
       LEFT JOIN security_group_rule r ON r.security_group_id = g.id WHERE g.deleted_at IS NULL GROUP BY g.id`,
  );
  for (const row of groups) {
    const group = cloud.securityGroups.get(String(row['openstack_id']));
    if (group === undefined) continue;
    if (row['is_default'] === 0)
      compare(`name of group ${String(row['id'])}`, openstackName(String(row['name'])), group.name);
    const theirs = [...cloud.securityGroupRules.values()]
      .filter(({ groupId }) => groupId === group.id)
      .map(({ id }) => id);
    const ours = (row['rule_ids'] as (string | null)[]).filter((id) => id !== null).sort();
    compare(`rules of group ${String(row['id'])}`, ours, theirs.sort());
  }
  for (const row of await rows(connection, 'SELECT id, openstack_id, name FROM project WHERE deleted_at IS NULL')) {
    const project = cloud.projects.get(String(row['openstack_id']));
    if (project !== undefined) compare(`name of project ${String(row['id'])}`, row['name'], project.name);
  }
  const places = await rows(
    connection,
    `SELECT u.account_id, u.openstack_id AS user, p.openstack_id AS project FROM user u JOIN project p
      WHERE u.deleted_at IS NULL AND u.managed_by = 'created' AND p.deleted_at IS NULL`,
  );
  const recorded = await rows(
    connection,
    `SELECT u.openstack_id AS user, p.openstack_id AS project FROM project_user pu
       JOIN user u ON u.id = pu.user_id JOIN project p ON p.id = pu.project_id`,
  );
  for (const { account_id: account, user, project } of places) {
    const isRecorded = recorded.some((place) => place['user'] === user && place['project'] === project);
    const isAssigned = cloud.assignments.some(({ userId, projectId }) => userId === user && projectId === project);
    compare(`place of ${String(account)} in ${String(project)}`, isRecorded, isAssigned);
  }
  return problems;
}

async function rows(connection: Connection, sql: string): Promise<readonly RowDataPacket[]> {
  const [found] = await connection.query<RowDataPacket[]>(sql);
  return found;
}
