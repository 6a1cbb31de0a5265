import { ApiProperty } from '@nestjs/swagger';
import type { ResourceType } from '../operation/operation-state.js';
import { type FindingDraft } from './finding.js';
import { findingActions, findingTypes, type Facts, type FindingAction, type FindingType } from './finding-kind.js';
import type { Refreshed } from './reconciler.js';
import { EvidenceResponse, reconciledTypes } from './reconciliation.dto.js';

/** A difference that a look at one resource showed. */
export class SeenDifferenceResponse {
  /** @example STATUS_DRIFT */
  @ApiProperty({ enum: findingTypes })
  type!: FindingType;

  /** What the record said. @example {"status": "ACTIVE"} */
  @ApiProperty({ type: 'object', additionalProperties: true, nullable: true })
  before!: Facts | null;

  /** What OpenStack says. @example {"status": "SHUTOFF"} */
  @ApiProperty({ type: 'object', additionalProperties: true, nullable: true })
  after!: Facts | null;

  /** @example FOLLOW */
  @ApiProperty({ enum: findingActions, nullable: true })
  action!: FindingAction | null;

  /** What a person can do. @example null */
  reason!: string | null;

  evidence!: EvidenceResponse[];

  static from({ type, before, after, action, reason, evidence }: FindingDraft): SeenDifferenceResponse {
    return {
      type,
      before,
      after,
      action,
      reason,
      evidence: evidence.map((source) => EvidenceResponse.from(source)),
    };
  }
}

/** What a look at one resource showed. */
export class RefreshedResponse {
  /** @example server */
  @ApiProperty({ enum: reconciledTypes })
  resource_type!: ResourceType;

  /** @example 7 */
  id!: number;

  /** When OpenStack was last seen to show it; null: never. @example 2026-11-24T09:30:04.798Z */
  observed_at!: string | null;

  /** What differed; the record has it now, but for what is missing: that waits for the grace time. */
  findings!: SeenDifferenceResponse[];

  static from(type: ResourceType, id: number, { observedAt, findings }: Refreshed): RefreshedResponse {
    return {
      resource_type: type,
      id,
      observed_at: observedAt?.toISOString() ?? null,
      findings: findings.map((finding) => SeenDifferenceResponse.from(finding)),
    };
  }
}
