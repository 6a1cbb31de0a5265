import { createHash } from 'node:crypto';
import type { ResourceType } from '../operation/operation-state.js';
import type { Facts, FindingAction, FindingState, FindingType } from './finding-kind.js';

/** An answer of OpenStack that a finding rests on. */
export interface Evidence {
  /** The service's id of the request; empty where it gave none. */
  readonly requestId: string;
  readonly url: string;
  /** When it was asked for, by the database's clock. */
  readonly seenAt: Date;
}

/** A difference between the record and OpenStack, and what would be done about it. */
export interface FindingDraft {
  readonly type: FindingType;
  readonly resourceType: ResourceType;
  /** Null where there is no row. */
  readonly resourceId: number | null;
  readonly openstackId: string | null;
  /** Ours. */
  readonly projectId: number | null;
  /** What the record says, of the facts that differ. */
  readonly before: Facts | null;
  /** What OpenStack says. */
  readonly after: Facts | null;
  /** Null: nothing is done about it. */
  readonly action: FindingAction | null;
  /** Whether the policy and the grace times let the action happen now. */
  readonly allowed: boolean;
  /** Why not, or what a person can do. */
  readonly reason: string | null;
  readonly evidence: readonly Evidence[];
  /** Null: now. */
  readonly firstSeenAt: Date | null;
}

/** A finding as it was recorded by its run. */
export interface Finding extends FindingDraft {
  readonly id: number;
  readonly runId: number;
  readonly state: FindingState;
  readonly appliedAt: Date | null;
}

/** Two sides without the facts on which they agree; null where they agree on all. */
export function differing(before: Facts, after: Facts): Pick<FindingDraft, 'before' | 'after'> {
  const names = Object.keys(before).filter((name) => before[name] !== after[name]);
  const side = (facts: Facts): Facts => Object.fromEntries(names.map((name) => [name, facts[name] ?? null]));
  return names.length === 0 ? { before: null, after: null } : { before: side(before), after: side(after) };
}

/** The same for the same plan: what differs, and what would be done about it. */
export function planHash(findings: Iterable<FindingDraft>): string {
  const hash = createHash('sha256');
  for (const finding of findings) hash.update(fingerprint(finding)).update('\n');
  return hash.digest('hex');
}

/** Everything by which two findings are the same: evidence and times of sight are not a part of it. */
export function fingerprint(finding: FindingDraft): string {
  const { type, resourceType, resourceId, openstackId, before, after, action, allowed } = finding;
  return canonicalJson([type, resourceType, resourceId, openstackId, before, after, action, allowed]);
}

/** JSON whose objects have their members in order: what MySQL gives back is ordered its own way. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}
