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
import type { RunMode, RunOrigin, RunState } from './reconciliation-run-state.js';

/** One comparison of the record with OpenStack: its plan, and what became of it. */
@Entity({ name: 'reconciliation_run' })
export class ReconciliationRunEntity {
  @IdColumn()
  id!: number;

  @OpenStackIdColumn('origin', { length: 16 })
  origin!: RunOrigin;

  @OpenStackIdColumn('mode', { length: 16 })
  mode!: RunMode;

  @OpenStackIdColumn('state', { length: 16, default: 'PLANNING' })
  state!: RunState;

  /** The same for runs over the same projects and types, whoever began them; loops have theirs. */
  @OpenStackIdColumn('scope_key', { length: 80 })
  scopeKey!: string;

  /** Ours; null: every managed project. */
  @Column({ name: 'project_ids', type: 'json', nullable: true })
  projectIds!: readonly number[] | null;

  @Column({ name: 'resource_types', type: 'json' })
  resourceTypes!: readonly ResourceType[];

  /** Null: as many as there are. */
  @Column({ name: 'max_changes', type: 'int', nullable: true })
  maxChanges!: number | null;

  @Column({ name: 'plan_hash', type: 'char', length: 64, nullable: true, charset: 'ascii', collation: 'ascii_bin' })
  planHash!: string | null;

  /** False: a list could not be read to its end. */
  @FlagColumn('is_complete', true)
  isComplete!: boolean;

  @Column({ name: 'pages', type: 'int', default: 0 })
  pages!: number;

  /** Which of the plan's findings are applied; null: all that are allowed. */
  @Column({ name: 'chosen_finding_ids', type: 'json', nullable: true })
  chosenFindingIds!: readonly number[] | null;

  @FlagColumn('confirms_mass_change', false)
  confirmsMassChange!: boolean;

  @BigintColumn('requested_by', { nullable: true })
  requestedBy!: number | null;

  @OpenStackIdColumn('error_code', { nullable: true })
  errorCode!: string | null;

  @Column({ name: 'error_detail', type: 'varchar', length: 1000, nullable: true })
  errorDetail!: string | null;

  @Column({ name: 'lease_owner', type: 'varchar', length: 64, nullable: true })
  leaseOwner!: string | null;

  @TimeColumn('lease_until')
  leaseUntil!: Date;

  /** Grows with each replica that takes the run over. */
  @BigintColumn('epoch', { default: 0 })
  epoch!: number;

  @TimeColumn('started_at', { nullable: true })
  startedAt!: Date | null;

  @TimeColumn('planned_at', { nullable: true })
  plannedAt!: Date | null;

  @TimeColumn('finished_at', { nullable: true })
  finishedAt!: Date | null;

  @CreatedAtColumn()
  createdAt!: Date;

  @UpdatedAtColumn()
  updatedAt!: Date;
}
