import { Entity, PrimaryColumn } from 'typeorm';
import { BigintColumn, CreatedAtColumn, UpdatedAtColumn } from '../database/columns.js';
import type { ResourceType } from './operation-state.js';

@Entity({ name: 'operation_lock' })
export class OperationLockEntity {
  @PrimaryColumn({ name: 'resource_type', type: 'varchar', length: 32 })
  resourceType!: ResourceType;

  @PrimaryColumn({ name: 'resource_id', type: 'bigint' })
  resourceId!: number;

  @BigintColumn('operation_id')
  operationId!: number;

  @CreatedAtColumn()
  createdAt!: Date;

  @UpdatedAtColumn()
  updatedAt!: Date;
}
