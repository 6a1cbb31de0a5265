import { Entity } from 'typeorm';
import { BigintColumn, CreatedAtColumn, IdColumn, UpdatedAtColumn } from '../database/columns.js';

@Entity({ name: 'network_interface_security_group' })
export class NetworkInterfaceSecurityGroupEntity {
  @IdColumn()
  id!: number;

  @BigintColumn('network_interface_id')
  networkInterfaceId!: number;

  @BigintColumn('security_group_id')
  securityGroupId!: number;

  @CreatedAtColumn()
  createdAt!: Date;

  @UpdatedAtColumn()
  updatedAt!: Date;
}
