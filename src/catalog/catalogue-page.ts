import { ValidationFailed } from '../common/errors.js';
import { pageOf, pageRequest, type Page } from '../common/pagination.js';
import type { PageQuery } from '../common/pagination.dto.js';

interface Named {
  readonly id: string;
  readonly name: string;
}

/**
 * A page of what is in memory anyway, by name.
 *
 * @throws ValidationFailed when the cursor is none of this list, or the entry that it stands at is gone.
 */
export function cataloguePage<Entry extends Named>(entries: readonly Entry[], query: PageQuery): Page<Entry> {
  const request = pageRequest(query, { sortBy: 'name', order: 'asc' });
  const sign = request.order === 'asc' ? 1 : -1;
  const sorted = [...entries].sort((a, b) => sign * (compare(a.name, b.name) || compare(a.id, b.id)));
  const { after } = request;
  const start = after === null ? 0 : 1 + sorted.findIndex(({ id }) => id === after.value);
  if (after !== null && start === 0) {
    const message = 'stands at something that is not in the list any more; start again without it';
    throw new ValidationFailed([{ field: 'cursor', message, type: 'cursor' }]);
  }
  return pageOf(sorted.slice(start, start + request.limit), request, ({ id }) => ({ value: id, id: 0 }));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
