import { Column, Entity } from 'typeorm';
import {
  BigintColumn,
  CreatedAtColumn,
  FlagColumn,
  IdColumn,
  OpenStackIdColumn,
  UpdatedAtColumn,
} from '../database/columns.js';
import { ManagedColumns } from '../database/managed-columns.js';

@Entity({ name: 'security_group' })
export class SecurityGroupEntity extends ManagedColumns {
  @IdColumn()
  id!: number;

  @OpenStackIdColumn('openstack_id', { nullable: true, unique: true })
  openstackId!: string | null;

  @BigintColumn('project_id')
  projectId!: number;

  @Column({ name: 'name', type: 'varchar', length: 255 })
  name!: string;

  @Column({ name: 'description', type: 'varchar', length: 255, nullable: true })
  description!: string | null;

  @FlagColumn('is_default', false)
  isDefault!: boolean;

  @CreatedAtColumn()
  createdAt!: Date;

  @UpdatedAtColumn()
  updatedAt!: Date;
}
