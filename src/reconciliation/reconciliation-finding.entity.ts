import { Column, Entity } from 'typeorm';
import {
  BigintColumn,
  CreatedAtColumn,
  FlagColumn,
  IdColumn,
  OpenStackIdColumn,
  TimeColumn,
  UpdatedAtColumn,
} from '../database/columns.js';
import type { ResourceType } from '../operation/operation-state.js';
import type { Facts, FindingAction, FindingState, FindingType } from './finding-kind.js';

/** A difference that a run found. */
@Entity({ name: 'reconciliation_finding' })
export class ReconciliationFindingEntity {
  @IdColumn()
  id!: number;

  @BigintColumn('run_id')
  runId!: number;

  @OpenStackIdColumn('type', { length: 32 })
  type!: FindingType;

  @OpenStackIdColumn('resource_type', { length: 32 })
  resourceType!: ResourceType;

  @BigintColumn('resource_id', { nullable: true })
  resourceId!: number | null;

  @OpenStackIdColumn('openstack_id', { nullable: true })
  openstackId!: string | null;

  @BigintColumn('project_id', { nullable: true })
  projectId!: number | null;

  @Column({ name: 'before_facts', type: 'json', nullable: true })
  before!: Facts | null;

  @Column({ name: 'after_facts', type: 'json', nullable: true })
  after!: Facts | null;

  @OpenStackIdColumn('action', { length: 16, nullable: true })
  action!: FindingAction | null;

  @FlagColumn('is_allowed', false)
  allowed!: boolean;

  @OpenStackIdColumn('state', { length: 16, default: 'OPEN' })
  state!: FindingState;

  @Column({ name: 'reason', type: 'varchar', length: 500, nullable: true })
  reason!: string | null;

  @Column({ name: 'evidence', type: 'json' })
  evidence!: readonly { readonly requestId: string; readonly url: string; readonly seenAt: string }[];

  @TimeColumn('first_seen_at')
  firstSeenAt!: Date;

  @TimeColumn('applied_at', { nullable: true })
  appliedAt!: Date | null;

  @CreatedAtColumn()
  createdAt!: Date;

  @UpdatedAtColumn()
  updatedAt!: Date;
}
