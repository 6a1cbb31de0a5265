import { Column, Entity } from 'typeorm';
import {
  BigintColumn,
  CreatedAtColumn,
  IdColumn,
  TimeColumn,
  UpdatedAtColumn,
  UuidColumn,
} from '../database/columns.js';
import type { OperationPhase, OperationState, ResourceType } from './operation-state.js';

@Entity({ name: 'operation' })
export class OperationEntity {
  @IdColumn()
  id!: number;

  @UuidColumn()
  uuid!: string;

  @Column({ name: 'kind', type: 'varchar', length: 64 })
  kind!: string;

  @Column({ name: 'resource_type', type: 'varchar', length: 32 })
  resourceType!: ResourceType;

  @BigintColumn('resource_id')
  resourceId!: number;

  @BigintColumn('server_id', { nullable: true })
  serverId!: number | null;

  @BigintColumn('project_id', { nullable: true })
  projectId!: number | null;

  @BigintColumn('requested_by', { nullable: true })
  requestedBy!: number | null;

  @Column({ name: 'request_id', type: 'varchar', length: 64, nullable: true })
  requestId!: string | null;

  @Column({ name: 'state', type: 'varchar', length: 16 })
  state!: OperationState;

  @Column({ name: 'phase', type: 'varchar', length: 12, default: 'FORWARD' })
  phase!: OperationPhase;

  @Column({ name: 'step', type: 'varchar', length: 64 })
  step!: string;

  @TimeColumn('step_since', { default: () => 'CURRENT_TIMESTAMP(3)' })
  stepSince!: Date;

  @Column({ name: 'input', type: 'json' })
  input!: unknown;

  @Column({ name: 'secret', type: 'mediumblob', nullable: true })
  secret!: Buffer | null;

  @Column({ name: 'result', type: 'json', nullable: true })
  result!: unknown;

  @Column({ name: 'attempt', type: 'int', default: 0 })
  attempt!: number;

  @Column({ name: 'failures', type: 'int', default: 0 })
  failures!: number;

  @Column({ name: 'last_failure', type: 'varchar', length: 500, nullable: true })
  lastFailure!: string | null;

  @TimeColumn('doubted_since', { nullable: true })
  doubtedSince!: Date | null;

  @TimeColumn('next_run_at')
  nextRunAt!: Date;

  @TimeColumn('deadline_at')
  deadlineAt!: Date;

  @Column({ name: 'sent_step', type: 'varchar', length: 64, nullable: true })
  sentStep!: string | null;

  @TimeColumn('sent_at', { nullable: true })
  sentAt!: Date | null;

  @Column({ name: 'lease_owner', type: 'varchar', length: 64, nullable: true })
  leaseOwner!: string | null;

  @TimeColumn('lease_until')
  leaseUntil!: Date;

  @BigintColumn('lease_token', { default: 0 })
  leaseToken!: number;

  @Column({ name: 'error_code', type: 'varchar', length: 64, nullable: true })
  errorCode!: string | null;

  @Column({ name: 'error_detail', type: 'varchar', length: 1000, nullable: true })
  errorDetail!: string | null;

  @Column({ name: 'openstack_request_ids', type: 'json', nullable: true })
  openstackRequestIds!: readonly string[] | null;

  @TimeColumn('started_at', { nullable: true })
  startedAt!: Date | null;

  @TimeColumn('finished_at', { nullable: true })
  finishedAt!: Date | null;

  @CreatedAtColumn()
  createdAt!: Date;

  @UpdatedAtColumn()
  updatedAt!: Date;
}
