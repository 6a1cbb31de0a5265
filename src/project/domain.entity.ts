import { Column, Entity } from 'typeorm';
import { CreatedAtColumn, IdColumn, OpenStackIdColumn, TimeColumn, UpdatedAtColumn } from '../database/columns.js';

@Entity({ name: 'domain' })
export class DomainEntity {
  @IdColumn()
  id!: number;

  @OpenStackIdColumn('openstack_id', { unique: true })
  openstackId!: string;

  @Column({ name: 'name', type: 'varchar', length: 255 })
  name!: string;

  @TimeColumn('deleted_at', { nullable: true })
  deletedAt!: Date | null;

  @CreatedAtColumn()
  createdAt!: Date;

  @UpdatedAtColumn()
  updatedAt!: Date;
}
