import type { DeletionPreview, ResourceName } from './deletion-preview.js';
import { QueryFlag } from './fields.js';

export class DeletionQuery {
  @QueryFlag({
    description:
      'Answer what the deletion would do as far as the record knows, and do nothing. What only OpenStack knows, such as the snapshots of a volume or a role that comes from a group, can still refuse it.',
    example: false,
  })
  dry_run?: boolean;
}

export class ResourceNameResponse {
  /** @example server */
  type!: string;

  /** @example 7 */
  id!: number;

  /** Null for what has none. @example web-1 */
  name!: string | null;
}

export class DeletionRefusalResponse {
  /** As in a problem answer. @example PROTECTED */
  code!: string;

  /** What stands in the way, and what to do. @example Protected: server "web-1"; take the protection off before deleting */
  message!: string;
}

/** What a deletion would do. */
export class DeletionPreviewResponse {
  delete!: ResourceNameResponse[];

  /** What stays, and is taken off what is deleted. */
  detach!: ResourceNameResponse[];

  /** What has to do with it, and stays as it is. */
  keep!: ResourceNameResponse[];

  /** What stands in the way: while this is not empty the deletion is refused. */
  blocked_by!: ResourceNameResponse[];

  /** What it would be refused by; empty together with `blocked_by`. */
  refusals!: DeletionRefusalResponse[];

  static from(preview: DeletionPreview): DeletionPreviewResponse {
    return {
      delete: preview.delete.map(nameOf),
      detach: preview.detach.map(nameOf),
      keep: preview.keep.map(nameOf),
      blocked_by: preview.blockedBy.map(nameOf),
      refusals: preview.refusals.map(({ code, message }) => ({ code, message })),
    };
  }
}

function nameOf({ type, id, name }: ResourceName): ResourceNameResponse {
  return { type, id, name };
}
