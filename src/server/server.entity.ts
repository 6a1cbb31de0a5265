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
import type { ServerStatus } from './server-status.js';

@Entity({ name: 'server' })
export class ServerEntity extends ManagedColumns {
  @IdColumn()
  id!: number;

  @OpenStackIdColumn('openstack_id', { nullable: true, unique: true })
  openstackId!: string | null;

  @BigintColumn('project_id')
  projectId!: number;

  @OpenStackIdColumn('flavor_openstack_id', { length: 255 })
  flavorOpenstackId!: string;

  @OpenStackIdColumn('image_openstack_id', { nullable: true })
  imageOpenstackId!: string | null;

  @Column({ name: 'name', type: 'varchar', length: 255 })
  name!: string;

  @Column({ name: 'description', type: 'varchar', length: 255, nullable: true })
  description!: string | null;

  @Column({ name: 'status', type: 'varchar', length: 64 })
  status!: ServerStatus;

  @Column({ name: 'availability_zone', type: 'varchar', length: 255, nullable: true })
  availabilityZone!: string | null;

  @Column({ name: 'key_name', type: 'varchar', length: 255, nullable: true })
  keyName!: string | null;

  @FlagColumn('protected', false)
  isProtected!: boolean;

  @CreatedAtColumn()
  createdAt!: Date;

  @UpdatedAtColumn()
  updatedAt!: Date;
}
