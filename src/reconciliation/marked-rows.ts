import type { MarkedRow } from './orphan-source.js';
import type { EntityManager } from '../database/transaction.js';

export type MarkedTable = 'server' | 'volume' | 'network_interface' | 'floating_ip' | 'security_group';

/** The rows of markers in one of the tables that have `uuid`, `openstack_id` and `deleted_at`. */
export async function markedRows(
  manager: EntityManager,
  table: MarkedTable,
  uuids: readonly string[],
  lock: boolean,
): Promise<readonly MarkedRow[]> {
  if (uuids.length === 0) return [];
  const rows: (Omit<MarkedRow, 'isDeleted'> & { isDeleted: number })[] = await manager.query(
    `SELECT r.id, r.uuid, r.openstack_id AS openstackId, p.openstack_id AS projectOpenstackId, r.deleted_at IS NOT NULL AS isDeleted,
            r.deleted_reason AS deletedReason
       FROM ${table} r JOIN project p ON p.id = r.project_id WHERE r.uuid IN (?)
      ORDER BY r.id ${lock ? 'FOR UPDATE OF r' : ''}`,
    [uuids],
  );
  return rows.map((row) => ({ ...row, isDeleted: row.isDeleted === 1 }));
}
