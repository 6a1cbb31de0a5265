import type { DomainError } from './errors.js';

/** A resource as a preview names it; `id` is ours. */
export interface ResourceName {
  readonly type: string;
  readonly id: number;
  readonly name: string | null;
}

/** What a deletion would do, if it were asked for now. */
export interface DeletionPreview {
  readonly delete: readonly ResourceName[];
  /** Stay, and are taken off what is deleted. */
  readonly detach: readonly ResourceName[];
  /** Have to do with it, and stay as they are. */
  readonly keep: readonly ResourceName[];
  /** While anything stands here the deletion is refused. */
  readonly blockedBy: readonly ResourceName[];
  /** What the deletion would be refused by, one for each reason that stands in the way. */
  readonly refusals: readonly DomainError[];
}
