import { Column, Entity } from 'typeorm';
import { CreatedAtColumn, IdColumn, OpenStackIdColumn, TimeColumn, UpdatedAtColumn } from '../database/columns.js';
import type { ResourceType } from '../operation/operation-state.js';

@Entity({ name: 'orphan' })
export class OrphanEntity {
  @IdColumn()
  id!: number;

  @Column({ name: 'resource_type', type: 'varchar', length: 32 })
  resourceType!: ResourceType;

  @OpenStackIdColumn('openstack_id')
  openstackId!: string;

  @OpenStackIdColumn('project_openstack_id')
  projectOpenstackId!: string;

  @Column({ name: 'uuid', type: 'char', length: 36, charset: 'ascii', collation: 'ascii_bin' })
  uuid!: string;

  @TimeColumn('first_seen_at')
  firstSeenAt!: Date;

  @TimeColumn('last_seen_at')
  lastSeenAt!: Date;

  @TimeColumn('deleted_at', { nullable: true })
  deletedAt!: Date | null;

  @CreatedAtColumn()
  createdAt!: Date;

  @UpdatedAtColumn()
  updatedAt!: Date;
}
