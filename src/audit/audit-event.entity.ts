import { Column, Entity } from 'typeorm';
import { BigintColumn, CreatedAtColumn, IdColumn, UpdatedAtColumn } from '../database/columns.js';

@Entity({ name: 'audit_event' })
export class AuditEventEntity {
  @IdColumn()
  id!: number;

  @BigintColumn('actor_user_id', { nullable: true })
  actorUserId!: number | null;

  @BigintColumn('project_id', { nullable: true })
  projectId!: number | null;

  @Column({ name: 'action', type: 'varchar', length: 64 })
  action!: string;

  @Column({ name: 'resource_type', type: 'varchar', length: 32 })
  resourceType!: string;

  @BigintColumn('resource_id', { nullable: true })
  resourceId!: number | null;

  @BigintColumn('operation_id', { nullable: true })
  operationId!: number | null;

  @Column({ name: 'request_id', type: 'varchar', length: 64, nullable: true })
  requestId!: string | null;

  @Column({ name: 'detail', type: 'json', nullable: true })
  detail!: unknown;

  @CreatedAtColumn()
  createdAt!: Date;

  @UpdatedAtColumn()
  updatedAt!: Date;
}
