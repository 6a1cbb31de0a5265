import type { Connection, ResultSetHeader } from 'mysql2/promise';

/** Whose rows, and which: their names end in the numbers `from` to `to`. */
export interface RowsAtRest {
  readonly projectId: number;
  readonly from: number;
  readonly to: number;
}

/** Servers at rest, each with a port, an address and two volumes. */
export async function insertServers(connection: Connection, { projectId, from, to }: RowsAtRest): Promise<void> {
  const first = await insert(
    connection,
    `INSERT INTO server (uuid, openstack_id, project_id, flavor_openstack_id, image_openstack_id, name, status, openstack_status, observed_at, created_at)
     ${numbers(from, to)} SELECT UUID(), UUID(), ?, '2', UUID(), CONCAT('rest-', i), 'ACTIVE', 'ACTIVE', NOW(3), ${at} FROM n`,
    [projectId],
  );
  const firstInterface = await insert(
    connection,
    `INSERT INTO network_interface (uuid, openstack_id, project_id, server_id, network_openstack_id, fixed_ip_address, fixed_ips, mac_address, observed_at, created_at)
     SELECT UUID(), UUID(), project_id, id, UUID(), '10.20.1.1', '["10.20.1.1"]', 'fa:16:3e:00:00:01', NOW(3), created_at
       FROM server WHERE id >= ?`,
    [first],
  );
  await insert(
    connection,
    `INSERT INTO floating_ip (uuid, openstack_id, project_id, network_interface_id, floating_network_openstack_id, address, fixed_ip_address, status, observed_at, created_at)
     SELECT UUID(), UUID(), project_id, id, UUID(), CONCAT('198.18.', id DIV 250, '.', id MOD 250), '10.20.1.1', 'ACTIVE', NOW(3), created_at
       FROM network_interface WHERE id >= ?`,
    [firstInterface],
  );
  for (const [suffix, isRoot] of [
    ['root', 1],
    ['data', 0],
  ] as const) {
    await insert(
      connection,
      `INSERT INTO volume (uuid, openstack_id, project_id, server_id, name, status, openstack_status, size, is_root_volume, observed_at, created_at)
       SELECT UUID(), UUID(), project_id, id, CONCAT(name, ?), 'IN_USE', 'in-use', 10, ?, NOW(3), created_at FROM server WHERE id >= ?`,
      [`-${suffix}`, isRoot, first],
    );
  }
  await connection.query('ANALYZE TABLE server, network_interface, floating_ip, volume');
}

/** Security groups of two rules, each on the port of the server of the same number; operations that have ended. */
export async function insertGroupsAndOperations(connection: Connection, rows: RowsAtRest): Promise<void> {
  const { projectId, from, to } = rows;
  const first = await insert(
    connection,
    `INSERT INTO security_group (uuid, openstack_id, project_id, name, observed_at, created_at)
     ${numbers(from, to)} SELECT UUID(), UUID(), ?, CONCAT('rest-', i), NOW(3), ${at} FROM n`,
    [projectId],
  );
  for (const etherType of ['IPv4', 'IPv6']) {
    await insert(
      connection,
      `INSERT INTO security_group_rule (security_group_id, openstack_id, ether_type, direction, remote_group_openstack_id)
       SELECT id, UUID(), ?, 'ingress', openstack_id FROM security_group WHERE id >= ?`,
      [etherType, first],
    );
  }
  await insert(
    connection,
    `INSERT INTO network_interface_security_group (network_interface_id, security_group_id)
     SELECT n.id, g.id FROM security_group g
       JOIN server s ON s.project_id = g.project_id AND s.live_name = g.live_name
       JOIN network_interface n ON n.server_id = s.id
      WHERE g.id >= ?`,
    [first],
  );
  await insert(
    connection,
    `INSERT INTO operation (uuid, kind, resource_type, resource_id, project_id, state, step, input, next_run_at, deadline_at, lease_until, finished_at)
     ${numbers(from, to)} SELECT UUID(), 'server.create', 'server', i, ?, 'SUCCEEDED', 'done', '{}', NOW(3), NOW(3), NOW(3), NOW(3) FROM n`,
    [projectId],
  );
  await connection.query(
    'ANALYZE TABLE security_group, security_group_rule, network_interface_security_group, operation',
  );
}

/** People who are members of a project, and key pairs of one of them. */
export async function insertPeople(
  connection: Connection,
  { projectId, from, to, ownerId }: RowsAtRest & { readonly ownerId: number },
): Promise<void> {
  const first = await insert(
    connection,
    `INSERT INTO user (uuid, openstack_id, domain_id, account_id, name, created_at)
     ${numbers(from, to)} SELECT UUID(), UUID(), domain_id, CONCAT('rest-', i), CONCAT('rest-', i), ${at}
       FROM n JOIN project p ON p.id = ?`,
    [projectId],
  );
  await insert(
    connection,
    "INSERT INTO project_user (user_id, project_id, role) SELECT id, ?, 'member' FROM user WHERE id >= ?",
    [projectId, first],
  );
  await insert(
    connection,
    `INSERT INTO key_pair (user_id, name, type, public_key, fingerprint, created_at)
     ${numbers(from, to)} SELECT ?, CONCAT('rest-', i), 'ssh-ed25519', 'ssh-ed25519 AAAA', 'SHA256:none', ${at} FROM n`,
    [ownerId],
  );
  await connection.query('ANALYZE TABLE user, project_user, key_pair');
}

/** Projects that a person is a member of, disabled so that nothing is imported into them; `projectId` names the one whose domain they are in. */
export async function insertProjects(
  connection: Connection,
  { projectId, from, to, memberId }: RowsAtRest & { readonly memberId: number },
): Promise<void> {
  const first = await insert(
    connection,
    `INSERT INTO project (openstack_id, domain_id, name, enabled, created_at)
     ${numbers(from, to)} SELECT UUID(), domain_id, CONCAT('rest-', i), 0, ${at} FROM n JOIN project p ON p.id = ?`,
    [projectId],
  );
  await insert(
    connection,
    "INSERT INTO project_user (user_id, project_id, role) SELECT ?, id, 'member' FROM project WHERE id >= ?",
    [memberId, first],
  );
  await connection.query('ANALYZE TABLE project, project_user');
}

const at = 'NOW(3) - INTERVAL i SECOND';

function numbers(from: number, to: number): string {
  return `WITH RECURSIVE n (i) AS (SELECT ${String(from)} UNION ALL SELECT i + 1 FROM n WHERE i < ${String(to)})`;
}

/** Returns the id of the first row. */
async function insert(connection: Connection, sql: string, values: readonly unknown[]): Promise<number> {
  await connection.query('SET cte_max_recursion_depth = 1000000');
  const [result] = await connection.query<ResultSetHeader>(sql, [...values]);
  return result.insertId;
}
