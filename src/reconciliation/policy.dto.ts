import { ApiProperty } from '@nestjs/swagger';
import { Integer, OneOf } from '../common/fields.js';
import type { Pause } from './pause.repository.js';
import type { Policies } from './policy.js';
import type { Versioned } from './policy.repository.js';

const monthSeconds = 30 * 24 * 3_600;

const missing = ['mark', 'tombstone'] as const satisfies readonly Policies['missing'][];
const unmanaged = ['report', 'adopt'] as const satisfies readonly Policies['unmanaged'][];
const orphans = ['report', 'delete'] as const satisfies readonly Policies['orphans'][];
const names = ['accept', 'enforce'] as const satisfies readonly Policies['names'][];

/** All of them: a policy that is left out is no policy that stays. */
export class SetPoliciesRequest {
  @OneOf(missing, {
    description: 'A row whose object is gone: only marked, or deleted when the grace time is over.',
    example: 'tombstone',
  })
  missing!: Policies['missing'];

  @Integer({
    min: 0,
    max: monthSeconds,
    description: 'How many seconds an object must be gone before its row is deleted.',
    example: 300,
  })
  missing_grace_seconds!: number;

  @Integer({
    min: 0,
    max: 1_000_000,
    description:
      'In one project more missing at once than this, and than the percentage, are a mass: nothing is done unconfirmed.',
    example: 1,
  })
  mass_missing_count!: number;

  @Integer({ min: 0, max: 100, description: 'Of the rows of a type in a project.', example: 20 })
  mass_missing_percent!: number;

  @OneOf(unmanaged, { description: 'An object in a project of ours that was not made here.', example: 'report' })
  unmanaged!: Policies['unmanaged'];

  @OneOf(orphans, {
    description: 'An object that was made here and belongs to nothing any more: reported, or deleted on second sight.',
    example: 'delete',
  })
  orphans!: Policies['orphans'];

  @OneOf(names, {
    description: "A name that differs: the record takes OpenStack's, or OpenStack gets the record's.",
    example: 'accept',
  })
  names!: Policies['names'];

  @Integer({
    min: 1,
    max: monthSeconds,
    description: 'How many seconds a transition may take before it is reported as stuck.',
    example: 1_800,
  })
  stuck_after_seconds!: number;

  @Integer({
    optional: true,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    description:
      'As it was read: what GET answers may be sent back as it is. Other policies that were set meanwhile are not overwritten then: 412. Left out: whatever was set meanwhile.',
    example: 3,
  })
  version?: number;

  static toPolicies(request: SetPoliciesRequest): Policies {
    return {
      missing: request.missing,
      missingGraceSeconds: request.missing_grace_seconds,
      massMissingCount: request.mass_missing_count,
      massMissingPercent: request.mass_missing_percent,
      unmanaged: request.unmanaged,
      orphans: request.orphans,
      names: request.names,
      stuckAfterSeconds: request.stuck_after_seconds,
    };
  }
}

/** What is done about findings without asking. */
export class PoliciesResponse {
  /** A row whose object is gone: only marked, or deleted when the grace time is over. @example tombstone */
  @ApiProperty({ enum: missing })
  missing!: Policies['missing'];

  /** @example 300 */
  missing_grace_seconds!: number;

  /** @example 1 */
  mass_missing_count!: number;

  /** @example 20 */
  mass_missing_percent!: number;

  /** @example report */
  @ApiProperty({ enum: unmanaged })
  unmanaged!: Policies['unmanaged'];

  /** @example delete */
  @ApiProperty({ enum: orphans })
  orphans!: Policies['orphans'];

  /** @example accept */
  @ApiProperty({ enum: names })
  names!: Policies['names'];

  /** @example 1800 */
  stuck_after_seconds!: number;

  /** Grows with each change; 0 while the defaults hold. @example 3 */
  version!: number;

  static from({ value, version }: Versioned<Policies>): PoliciesResponse {
    return {
      missing: value.missing,
      missing_grace_seconds: value.missingGraceSeconds,
      mass_missing_count: value.massMissingCount,
      mass_missing_percent: value.massMissingPercent,
      unmanaged: value.unmanaged,
      orphans: value.orphans,
      names: value.names,
      stuck_after_seconds: value.stuckAfterSeconds,
      version,
    };
  }
}

export class PauseResponse {
  /** Our id of the administrator. @example 3 */
  by!: number | null;

  /** What the administrator logs in by. @example admin */
  by_account!: string | null;

  /** @example 2026-11-24T09:30:00.000Z */
  @ApiProperty({ format: 'date-time' })
  since!: string;

  static from({ userId, accountId, since }: Pause): PauseResponse {
    return { by: userId, by_account: accountId, since };
  }
}

export class PausedResponse {
  /** Null while the loops run. */
  paused!: PauseResponse | null;

  static from(pause: Pause | null): PausedResponse {
    return { paused: pause === null ? null : PauseResponse.from(pause) };
  }
}
