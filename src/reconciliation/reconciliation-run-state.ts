import { createHash } from 'node:crypto';
import type { ResourceType } from '../operation/operation-state.js';
import { canonicalJson } from './finding.js';

export const runModes = ['dry_run', 'apply'] as const;

export type RunMode = (typeof runModes)[number];

/** PLANNING compares; PLANNED waits to be applied; APPLYING carries out; the others are final. */
export const runStates = ['PLANNING', 'PLANNED', 'APPLYING', 'DONE', 'FAILED', 'CANCELLED'] as const;

export type RunState = (typeof runStates)[number];

/** A person began it, or the loop of complete sweeps. */
export type RunOrigin = 'admin' | 'sweep';

export interface RunScope {
  /** Ours; null: every managed project. */
  readonly projectIds: readonly number[] | null;
  readonly resourceTypes: readonly ResourceType[];
}

/** The same for the same scope, in whatever order it is named. Sweeps and people do not stand in each other's way. */
export function scopeKeyOf(origin: RunOrigin, { projectIds, resourceTypes }: RunScope): string {
  const scope = [projectIds === null ? null : [...projectIds].sort((a, b) => a - b), [...resourceTypes].sort()];
  return `${origin}:${createHash('sha256').update(canonicalJson(scope)).digest('hex')}`;
}
