import type { NetworkInterfaceEntity } from '../network-interface/network-interface.entity.js';
import type { ServerEntity } from './server.entity.js';
import type { VolumeEntity } from '../volume/volume.entity.js';
import type { EntityManager } from '../database/transaction.js';

/** The rows of one server that its operations work on. */
export interface ServerRows {
  readonly server: ServerEntity;
  readonly interfaces: readonly NetworkInterfaceEntity[];
  readonly volumes: readonly VolumeEntity[];
  readonly projectOpenstackId: string;
  readonly deploymentId: string;
}

/** OpenStack's id of a project of ours. */
export async function projectOpenstackId(manager: EntityManager, projectId: number): Promise<string> {
  const rows: { openstackId: string }[] = await manager.query(
    'SELECT openstack_id AS openstackId FROM project WHERE id = ?',
    [projectId],
  );
  const row = rows[0];
  if (row === undefined) throw new Error(`project ${String(projectId)} has no row`);
  return row.openstackId;
}
