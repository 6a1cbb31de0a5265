import { Column, Entity } from 'typeorm';
import { BigintColumn, CreatedAtColumn, IdColumn, OpenStackIdColumn, UpdatedAtColumn } from '../database/columns.js';
import { ManagedColumns } from '../database/managed-columns.js';

@Entity({ name: 'network_interface' })
export class NetworkInterfaceEntity extends ManagedColumns {
  @IdColumn()
  id!: number;

  @OpenStackIdColumn('openstack_id', { nullable: true, unique: true })
  openstackId!: string | null;

  @BigintColumn('project_id')
  projectId!: number;

  @BigintColumn('server_id', { nullable: true })
  serverId!: number | null;

  /** The server that it was taken off outside of this API; null while it is on one. */
  @BigintColumn('former_server_id', { nullable: true })
  formerServerId!: number | null;

  @OpenStackIdColumn('network_openstack_id')
  networkOpenstackId!: string;

  @Column({ name: 'fixed_ip_address', type: 'varchar', length: 45, nullable: true })
  fixedIpAddress!: string | null;

  @Column({ name: 'fixed_ips', type: 'json', nullable: true })
  fixedIps!: readonly string[] | null;

  @Column({ name: 'mac_address', type: 'varchar', length: 17, nullable: true })
  macAddress!: string | null;

  @CreatedAtColumn()
  createdAt!: Date;

  @UpdatedAtColumn()
  updatedAt!: Date;
}
