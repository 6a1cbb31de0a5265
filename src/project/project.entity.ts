import { Column, Entity } from 'typeorm';
import {
  BigintColumn,
  CreatedAtColumn,
  FlagColumn,
  IdColumn,
  OpenStackIdColumn,
  TimeColumn,
  UpdatedAtColumn,
} from '../database/columns.js';

@Entity({ name: 'project' })
export class ProjectEntity {
  @IdColumn()
  id!: number;

  @OpenStackIdColumn('openstack_id', { unique: true })
  openstackId!: string;

  @BigintColumn('domain_id')
  domainId!: number;

  @Column({ name: 'name', type: 'varchar', length: 255 })
  name!: string;

  @FlagColumn('enabled', true)
  enabled!: boolean;

  @Column({ name: 'version', type: 'int', default: 1 })
  version!: number;

  @TimeColumn('observed_at', { nullable: true })
  observedAt!: Date | null;

  @TimeColumn('deleted_at', { nullable: true })
  deletedAt!: Date | null;

  @CreatedAtColumn()
  createdAt!: Date;

  @UpdatedAtColumn()
  updatedAt!: Date;
}
