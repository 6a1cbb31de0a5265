import { ApiProperty } from '@nestjs/swagger';
import { Flag, Ids, Integer, Nested, OneOf, QueryFlag, QueryId, SomeOf, Text } from '../common/fields.js';
import { PageQuery } from '../common/pagination.dto.js';
import { resourceTypes, type ResourceType } from '../operation/operation-state.js';
import type { Evidence } from './finding.js';
import {
  findingActions,
  findingStates,
  findingTypes,
  type Facts,
  type FindingAction,
  type FindingState,
  type FindingType,
} from './finding-kind.js';
import type { NamedFinding } from './finding-name.repository.js';
import type { ReconciliationDetails } from './reconciliation-details.repository.js';
import { runModes, runStates, type RunMode, type RunOrigin, type RunState } from './reconciliation-run-state.js';

/** Key pairs are ours alone. */
export const reconciledTypes = resourceTypes.filter((type) => type !== 'key_pair');
const runOrigins = ['admin', 'sweep'] as const satisfies readonly RunOrigin[];

export class ReconciliationScopeRequest {
  @Ids({ optional: true, minItems: 1, description: 'Only these projects; all when left out.', example: [1] })
  project_ids?: number[];
}

export class CreateReconciliationRequest {
  @Nested(() => ReconciliationScopeRequest, {
    optional: true,
    description: 'What is compared; everything when left out.',
  })
  scope?: ReconciliationScopeRequest;

  @SomeOf(reconciledTypes, {
    optional: true,
    description: 'Only these types of resources; all when left out.',
    example: ['server'],
  })
  resource_types?: ResourceType[];

  @OneOf(runModes, {
    description: '`dry_run` plans and changes nothing; `apply` plans and carries out what the policies allow at once.',
    example: 'dry_run',
  })
  mode!: RunMode;

  @Integer({
    optional: true,
    min: 1,
    max: 1_000_000,
    description: 'At most so many findings are applied; as many as there are when left out.',
    example: 100,
  })
  max_changes?: number;
}

export class ApplyReconciliationRequest {
  @Text({
    min: 1,
    max: 64,
    description: 'That of the plan whose findings were read.',
    example: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  })
  plan_hash!: string;

  @Ids({
    optional: true,
    minItems: 1,
    maxItems: 5_000,
    description: 'Only these findings; all that are allowed when left out.',
    example: [31, 32],
  })
  finding_ids?: number[];

  @Flag({
    optional: true,
    description: 'Whether MASS_MISSING is applied too: so many are missing at once that the view may be wrong.',
    example: false,
  })
  confirm_mass_change?: boolean;
}

export class ReconciliationListQuery extends PageQuery {
  @OneOf(runStates, { optional: true, description: 'Only reconciliations in this state.', example: 'PLANNED' })
  state?: RunState;

  @OneOf(runModes, { optional: true, description: 'Only those of this mode.', example: 'dry_run' })
  mode?: RunMode;

  @OneOf(runOrigins, {
    optional: true,
    description: 'Only what administrators began, or only what the loop of complete sweeps began.',
    example: 'admin',
  })
  origin?: RunOrigin;
}

export class FindingListQuery extends PageQuery {
  @OneOf(findingTypes, { optional: true, description: 'Only findings of this type.', example: 'STATUS_DRIFT' })
  type?: FindingType;

  @OneOf(findingStates, { optional: true, description: 'Only findings in this state.', example: 'OPEN' })
  state?: FindingState;

  @OneOf(reconciledTypes, {
    optional: true,
    description: 'Only findings about this type of resource.',
    example: 'server',
  })
  resource_type?: ResourceType;

  @QueryId({ description: 'Only findings in the project with this id.', example: 1 })
  project_id?: number;

  @QueryFlag({ description: 'Only findings that may be applied, or only those that may not.', example: true })
  allowed?: boolean;
}

export class ReportQuery {
  @OneOf(['json', 'csv'], {
    optional: true,
    description: 'What Accept would say otherwise; JSON when neither says anything.',
    example: 'csv',
  })
  format?: 'json' | 'csv';
}

export class ReconciliationScopeResponse {
  /** Null: every project. @example [1] */
  @ApiProperty({ type: 'array', items: { type: 'integer' }, nullable: true })
  project_ids!: number[] | null;
}

export class ReconciliationErrorResponse {
  /** @example OPENSTACK_UNAVAILABLE */
  code!: string;

  /** @example Nova cannot be reached */
  message!: string;
}

/** How many findings of a run are in each state. */
export class ReconciliationOutcomesResponse {
  /** Not decided yet, or nothing is to be done about them. @example 0 */
  open!: number;

  /** @example 2 */
  applied!: number;

  /** @example 1 */
  skipped!: number;

  /** @example 0 */
  failed!: number;
}

/** A comparison of the record with OpenStack: its plan, and what became of it. */
export class ReconciliationResponse {
  /** @example 12 */
  id!: number;

  /** An administrator began it, or the loop of complete sweeps. @example admin */
  @ApiProperty({ enum: runOrigins })
  origin!: RunOrigin;

  /** @example dry_run */
  @ApiProperty({ enum: runModes })
  mode!: RunMode;

  scope!: ReconciliationScopeResponse;

  /** @example ["server"] */
  @ApiProperty({ type: 'array', items: { type: 'string', enum: reconciledTypes } })
  resource_types!: ResourceType[];

  /** Null: no limit. @example 100 */
  max_changes!: number | null;

  /** A dry run ends PLANNED, what was applied ends DONE; FAILED and CANCELLED are final too. @example PLANNED */
  @ApiProperty({ enum: runStates })
  state!: RunState;

  /**
   * What POST …/apply takes; null until the plan is there.
   *
   * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
   */
  plan_hash!: string | null;

  /** False when a list could not be read to its end. @example true */
  complete!: boolean;

  /** How many findings there are of each type. @example {"STATUS_DRIFT": 2} */
  @ApiProperty({ type: 'object', additionalProperties: { type: 'integer' } })
  counts!: Record<string, number>;

  /** What became of the findings: a plan that was applied in part has some that are SKIPPED, each with its reason. */
  outcomes!: ReconciliationOutcomesResponse;

  /** The newest run over the same scope, whose plan is the only one that can be applied now; null unless this plan waits to be. @example null */
  superseded_by!: number | null;

  /** Pages of lists that were read. @example 3 */
  pages!: number;

  /** The administrator who began it; null for a sweep. @example 3 */
  requested_by!: number | null;

  /** @example 2026-11-24T09:30:00.000Z */
  created_at!: string;

  /** When a replica took it up. @example 2026-11-24T09:30:00.100Z */
  started_at!: string | null;

  /** When the plan was there. @example 2026-11-24T09:30:04.000Z */
  planned_at!: string | null;

  /** When the run came to rest: its plan there, or applied; null while it plans or applies. @example 2026-11-24T09:30:04.000Z */
  finished_at!: string | null;

  /** Why it failed. */
  error!: ReconciliationErrorResponse | null;

  static from(details: ReconciliationDetails): ReconciliationResponse {
    const { projectIds, error } = details;
    return {
      id: details.id,
      origin: details.origin,
      mode: details.mode,
      scope: { project_ids: projectIds === null ? null : [...projectIds] },
      resource_types: [...details.resourceTypes],
      max_changes: details.maxChanges,
      state: details.state,
      plan_hash: details.planHash,
      complete: details.isComplete,
      counts: { ...details.counts },
      outcomes: {
        open: details.outcomes.OPEN ?? 0,
        applied: details.outcomes.APPLIED ?? 0,
        skipped: details.outcomes.SKIPPED ?? 0,
        failed: details.outcomes.FAILED ?? 0,
      },
      superseded_by: details.supersededBy,
      pages: details.pages,
      requested_by: details.requestedBy,
      created_at: details.createdAt.toISOString(),
      started_at: details.startedAt?.toISOString() ?? null,
      planned_at: details.plannedAt?.toISOString() ?? null,
      finished_at: details.finishedAt?.toISOString() ?? null,
      error: error === null ? null : { code: error.code, message: error.message },
    };
  }
}

export class ReconciliationListResponse {
  reconciliations!: ReconciliationResponse[];

  /** For the next page; null on the last one. @example null */
  next_cursor!: string | null;
}

export class EvidenceResponse {
  /** OpenStack's id of the request; empty where it gave none. @example req-6f0c1f0e-2a77-4d3e-9d53-0c9a1f1b2c3d */
  request_id!: string;

  /** What was asked for. @example /servers/detail?all_tenants=1 */
  url!: string;

  /** @example 2026-11-24T09:30:01.000Z */
  seen_at!: string;

  static from({ requestId, url, seenAt }: Evidence): EvidenceResponse {
    return { request_id: requestId, url, seen_at: seenAt.toISOString() };
  }
}

/** A difference between the record and OpenStack, and what would be done about it. */
export class FindingResponse {
  /** @example 31 */
  id!: number;

  /** @example STATUS_DRIFT */
  @ApiProperty({ enum: findingTypes })
  type!: FindingType;

  /** @example server */
  @ApiProperty({ enum: reconciledTypes })
  resource_type!: ResourceType;

  /** Ours; null where there is no row. @example 7 */
  resource_id!: number | null;

  /** What the row is called, else the object: an account id, an address, a name. Null where neither is known. @example web-1 */
  resource_name!: string | null;

  /** @example 2b3c0d5e-8a52-4d5b-b7b5-0f6a3fbb7a10 */
  openstack_id!: string | null;

  /** @example 1 */
  project_id!: number | null;

  /** @example demo */
  project_name!: string | null;

  /** What the record says, of the facts that differ. @example {"status": "ACTIVE"} */
  @ApiProperty({ type: 'object', additionalProperties: true, nullable: true })
  before!: Facts | null;

  /** What OpenStack says. @example {"status": "SHUTOFF"} */
  @ApiProperty({ type: 'object', additionalProperties: true, nullable: true })
  after!: Facts | null;

  /** What applying it does; null: nothing is done about it. @example FOLLOW */
  @ApiProperty({ enum: findingActions, nullable: true })
  action!: FindingAction | null;

  /** Whether the policies and the grace times let the action happen now. @example true */
  allowed!: boolean;

  /** @example OPEN */
  @ApiProperty({ enum: findingStates })
  state!: FindingState;

  /** Why it may not be applied, was skipped or failed; or what a person can do. @example null */
  reason!: string | null;

  /** When this was first found, by whichever reconciliation. @example 2026-11-24T09:00:01.000Z */
  first_seen_at!: string | null;

  /** @example null */
  applied_at!: string | null;

  /** The answers of OpenStack that it rests on. */
  evidence!: EvidenceResponse[];

  static from(finding: NamedFinding): FindingResponse {
    return {
      id: finding.id,
      type: finding.type,
      resource_type: finding.resourceType,
      resource_id: finding.resourceId,
      resource_name: finding.resourceName,
      openstack_id: finding.openstackId,
      project_id: finding.projectId,
      project_name: finding.projectName,
      before: finding.before,
      after: finding.after,
      action: finding.action,
      allowed: finding.allowed,
      state: finding.state,
      reason: finding.reason,
      first_seen_at: finding.firstSeenAt?.toISOString() ?? null,
      applied_at: finding.appliedAt?.toISOString() ?? null,
      evidence: finding.evidence.map((source) => EvidenceResponse.from(source)),
    };
  }
}

export class FindingListResponse {
  findings!: FindingResponse[];

  /** For the next page; null on the last one. @example null */
  next_cursor!: string | null;
}

/** All of a reconciliation, in the order in which its findings are applied. */
export class ReconciliationReportResponse {
  reconciliation!: ReconciliationResponse;

  findings!: FindingResponse[];
}

/** The columns of the report as CSV. */
export const reportColumns = [
  'id',
  'type',
  'resource_type',
  'resource_id',
  'resource_name',
  'openstack_id',
  'project_id',
  'project_name',
  'before',
  'after',
  'action',
  'allowed',
  'state',
  'reason',
  'first_seen_at',
  'applied_at',
  'evidence',
] as const satisfies readonly (keyof FindingResponse)[];

/** A finding as a line of the report; what is no plain value stands there as JSON. */
export function reportCells(finding: FindingResponse): readonly (string | number | boolean | null)[] {
  return reportColumns.map((column) => {
    const value = finding[column];
    return typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
  });
}
