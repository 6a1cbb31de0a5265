import { Column, Entity } from 'typeorm';
import { BigintColumn, CreatedAtColumn, IdColumn, OpenStackIdColumn, UpdatedAtColumn } from '../database/columns.js';

@Entity({ name: 'security_group_rule' })
export class SecurityGroupRuleEntity {
  @IdColumn()
  id!: number;

  @BigintColumn('security_group_id')
  securityGroupId!: number;

  @OpenStackIdColumn('openstack_id', { nullable: true, unique: true })
  openstackId!: string | null;

  @Column({ name: 'protocol', type: 'varchar', length: 10, nullable: true })
  protocol!: string | null;

  @Column({ name: 'ether_type', type: 'varchar', length: 4 })
  etherType!: 'IPv4' | 'IPv6';

  @Column({ name: 'direction', type: 'varchar', length: 7 })
  direction!: 'ingress' | 'egress';

  @Column({ name: 'port_range_min', type: 'int', nullable: true })
  portRangeMin!: number | null;

  @Column({ name: 'port_range_max', type: 'int', nullable: true })
  portRangeMax!: number | null;

  @Column({ name: 'remote_ip_prefix', type: 'varchar', length: 49, nullable: true })
  remoteIpPrefix!: string | null;

  @OpenStackIdColumn('remote_group_openstack_id', { nullable: true })
  remoteGroupOpenstackId!: string | null;

  @Column({ name: 'description', type: 'varchar', length: 255, nullable: true })
  description!: string | null;

  @CreatedAtColumn()
  createdAt!: Date;

  @UpdatedAtColumn()
  updatedAt!: Date;
}
