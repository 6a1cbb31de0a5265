import { Column, Entity } from 'typeorm';
import { BigintColumn, CreatedAtColumn, IdColumn, OpenStackIdColumn, UpdatedAtColumn } from '../database/columns.js';
import { ManagedColumns } from '../database/managed-columns.js';

@Entity({ name: 'floating_ip' })
export class FloatingIpEntity extends ManagedColumns {
  @IdColumn()
  id!: number;

  @OpenStackIdColumn('openstack_id', { nullable: true, unique: true })
  openstackId!: string | null;

  @BigintColumn('project_id')
  projectId!: number;

  @BigintColumn('network_interface_id', { nullable: true })
  networkInterfaceId!: number | null;

  @OpenStackIdColumn('floating_network_openstack_id')
  floatingNetworkOpenstackId!: string;

  @Column({ name: 'address', type: 'varchar', length: 45, nullable: true })
  address!: string | null;

  @Column({ name: 'fixed_ip_address', type: 'varchar', length: 45, nullable: true })
  fixedIpAddress!: string | null;

  @Column({ name: 'status', type: 'varchar', length: 64 })
  status!: string;

  @CreatedAtColumn()
  createdAt!: Date;

  @UpdatedAtColumn()
  updatedAt!: Date;
}
