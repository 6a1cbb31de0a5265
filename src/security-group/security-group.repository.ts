import { Injectable } from '@nestjs/common';
import { In, IsNull, type EntityManager } from 'typeorm';
import { SecurityGroupEntity } from './security-group.entity.js';

@Injectable()
export class SecurityGroupRepository {
  /** Live groups by our ids, in any project. */
  async find(manager: EntityManager, ids: readonly number[]): Promise<readonly SecurityGroupEntity[]> {
    if (ids.length === 0) return [];
    return manager.find(SecurityGroupEntity, {
      where: { id: In([...ids]), deletedAt: IsNull() },
      order: { id: 'ASC' },
    });
  }

  /** Live groups by our ids, in any project; locked against deletion while the caller's transaction lasts. */
  async findForShare(tx: EntityManager, ids: readonly number[]): Promise<readonly SecurityGroupEntity[]> {
    if (ids.length === 0) return [];
    return tx.find(SecurityGroupEntity, {
      where: { id: In([...ids]), deletedAt: IsNull() },
      order: { id: 'ASC' },
      lock: { mode: 'pessimistic_read' },
    });
  }

  /** Live groups of a project by OpenStack's ids. */
  async findByOpenstackIds(
    manager: EntityManager,
    projectId: number,
    openstackIds: readonly string[],
  ): Promise<readonly SecurityGroupEntity[]> {
    if (openstackIds.length === 0) return [];
    return manager.find(SecurityGroupEntity, {
      where: { projectId, openstackId: In([...openstackIds]), deletedAt: IsNull() },
      order: { id: 'ASC' },
    });
  }
}
