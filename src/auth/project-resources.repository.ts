import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { ResourceName } from '../common/deletion-preview.js';

/** So many are named; a refusal is no inventory. */
const most = 20;

@Injectable()
export class ProjectResourcesRepository {
  /** What lives in a project and would be left to nobody; the groups that OpenStack makes by itself do not count. */
  async find(manager: EntityManager, projectId: number): Promise<readonly ResourceName[]> {
    const rows: ResourceName[] = await manager.query(
      `SELECT 'server' AS type, id, name FROM server WHERE project_id = ? AND deleted_at IS NULL
       UNION ALL SELECT 'volume', id, name FROM volume WHERE project_id = ? AND deleted_at IS NULL
       UNION ALL SELECT 'floating_ip', id, address FROM floating_ip WHERE project_id = ? AND deleted_at IS NULL
       UNION ALL SELECT 'security_group', id, name FROM security_group WHERE project_id = ? AND deleted_at IS NULL AND is_default = 0
       LIMIT ?`,
      [projectId, projectId, projectId, projectId, most],
    );
    return rows;
  }
}
