import type { DeletionPreview, ResourceName } from './deletion-preview.js';
import { QueryFlag } from './fields.js';

export class DeletionQuery {
  @QueryFlag({ description: 'Answer what the deletion would do, and do nothing.', example: false })
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

/** What a deletion would do. */
export class DeletionPreviewResponse {
  delete!: ResourceNameResponse[];

  /** What stays, and is taken off what is deleted. */
  detach!: ResourceNameResponse[];

  /** What has to do with it, and stays as it is. */
  keep!: ResourceNameResponse[];

  /** What stands in the way: while this is not empty the deletion is refused. */
  blocked_by!: ResourceNameResponse[];

  static from(preview: DeletionPreview): DeletionPreviewResponse {
    return {
      delete: preview.delete.map(nameOf),
      detach: preview.detach.map(nameOf),
      keep: preview.keep.map(nameOf),
      blocked_by: preview.blockedBy.map(nameOf),
    };
  }
}

function nameOf({ type, id, name }: ResourceName): ResourceNameResponse {
  return { type, id, name };
}
