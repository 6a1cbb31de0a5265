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
import type { VolumeStatus } from './volume-status.js';

@Entity({ name: 'volume' })
export class VolumeEntity extends ManagedColumns {
  @IdColumn()
  id!: number;

  @OpenStackIdColumn('openstack_id', { nullable: true, unique: true })
  openstackId!: string | null;

  @BigintColumn('project_id')
  projectId!: number;

  @BigintColumn('server_id', { nullable: true })
  serverId!: number | null;

  @OpenStackIdColumn('image_openstack_id', { nullable: true })
  imageOpenstackId!: string | null;

  @OpenStackIdColumn('volume_type_openstack_id', { length: 255, nullable: true })
  volumeTypeOpenstackId!: string | null;

  @Column({ name: 'name', type: 'varchar', length: 255 })
  name!: string;

  @Column({ name: 'description', type: 'varchar', length: 255, nullable: true })
  description!: string | null;

  @Column({ name: 'status', type: 'varchar', length: 64 })
  status!: VolumeStatus;

  @Column({ name: 'size', type: 'int' })
  size!: number;

  @FlagColumn('is_root_volume', false)
  isRootVolume!: boolean;

  @Column({ name: 'device', type: 'varchar', length: 255, nullable: true })
  device!: string | null;

  @Column({ name: 'availability_zone', type: 'varchar', length: 255, nullable: true })
  availabilityZone!: string | null;

  @FlagColumn('protected', false)
  isProtected!: boolean;

  @CreatedAtColumn()
  createdAt!: Date;

  @UpdatedAtColumn()
  updatedAt!: Date;
}
