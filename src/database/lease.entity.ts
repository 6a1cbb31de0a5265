import { Column, Entity } from 'typeorm';
import { BigintColumn, CreatedAtColumn, IdColumn, OpenStackIdColumn, TimeColumn, UpdatedAtColumn } from './columns.js';

@Entity({ name: 'lease' })
export class LeaseEntity {
  @IdColumn()
  id!: number;

  @OpenStackIdColumn('name', { length: 128, unique: true })
  name!: string;

  @Column({ name: 'owner', type: 'varchar', length: 64, nullable: true })
  owner!: string | null;

  @BigintColumn('epoch', { default: 0 })
  epoch!: number;

  @TimeColumn('lease_until')
  leaseUntil!: Date;

  @TimeColumn('completed_at', { nullable: true })
  completedAt!: Date | null;

  @CreatedAtColumn()
  createdAt!: Date;

  @UpdatedAtColumn()
  updatedAt!: Date;
}
