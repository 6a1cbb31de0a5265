import { Injectable } from '@nestjs/common';
import { In, IsNull, type EntityManager } from 'typeorm';
import { DomainEntity } from '../project/domain.entity.js';
import { ProjectUserEntity } from '../project/project-user.entity.js';
import { ProjectEntity } from '../project/project.entity.js';
import { UserEntity } from './user.entity.js';

interface Times {
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly deletedAt: Date | null;
}

/** What a user is shown with. */
export interface UserDetails extends Times {
  readonly id: number;
  readonly openstackId: string | null;
  readonly accountId: string;
  readonly name: string;
  readonly domain: Times & { readonly id: number; readonly openstackId: string; readonly name: string };
  readonly projects: readonly (Times & {
    readonly id: number;
    readonly openstackId: string;
    readonly name: string;
    readonly domainId: number;
  })[];
}

/** Users with their domain and projects, as the API shows them. */
@Injectable()
export class UserDetailsRepository {
  async find(manager: EntityManager, id: number): Promise<UserDetails | null> {
    const user = await manager.findOneBy(UserEntity, { id, deletedAt: IsNull() });
    if (user === null) return null;
    const domain = await manager.findOneByOrFail(DomainEntity, { id: user.domainId });
    const memberships = await manager.find(ProjectUserEntity, { where: { userId: id }, order: { id: 'ASC' } });
    const projects = await manager.find(ProjectEntity, {
      where: { id: In(memberships.map(({ projectId }) => projectId)), deletedAt: IsNull() },
      order: { id: 'ASC' },
    });
    const { openstackId, accountId, name, createdAt, updatedAt, deletedAt } = user;
    return { id, openstackId, accountId, name, domain, projects, createdAt, updatedAt, deletedAt };
  }
}
