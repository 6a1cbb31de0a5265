import { PermissionDenied, ValidationFailed } from './errors.js';
import type { PageQuery } from './pagination.dto.js';
import type { Principal } from './principal.js';

/** Old clients expect all of a list; this is as much as one answer holds. */
const defaultPageSize = 1_000;

export type Order = 'asc' | 'desc';

/** Where a page begins: right after this row in the order of the list. */
export interface PageStart {
  readonly value: Date | string;
  readonly id: number;
}

export interface PageRequest<SortBy extends string> {
  readonly sortBy: SortBy;
  readonly order: Order;
  /** Null: at the first row. */
  readonly after: PageStart | null;
  /** How many rows to ask for: one more than the page shows, which tells whether there is a next one. */
  readonly limit: number;
}

export interface Page<Row> {
  readonly rows: readonly Row[];
  readonly nextCursor: string | null;
}

/**
 * What a repository is asked for. The defaults count where the query says nothing.
 *
 * @throws ValidationFailed when the cursor is not one of this list in this order, or both names of the direction disagree.
 */
export function pageRequest<SortBy extends string>(
  query: PageQuery & { readonly sort_by?: SortBy },
  defaults: { readonly sortBy: SortBy; readonly order: Order },
): PageRequest<SortBy> {
  const { limit = defaultPageSize, order, sort_order: sortOrder, cursor } = query;
  if (order !== undefined && sortOrder !== undefined && order !== sortOrder) {
    throw new ValidationFailed([
      { field: 'sort_order', message: 'is the same parameter as order and says something else', type: 'contradiction' },
    ]);
  }
  const sorting = { sortBy: query.sort_by ?? defaults.sortBy, order: order ?? sortOrder ?? defaults.order };
  return { ...sorting, after: cursor === undefined ? null : decode(cursor, sorting), limit: limit + 1 };
}

/** @throws PermissionDenied: only admins see what was deleted. */
export function requireAdminForDeleted(principal: Principal, includeDeleted: boolean | undefined): void {
  if (includeDeleted === true && principal.role !== 'admin')
    throw new PermissionDenied('Only an admin may list what was deleted; leave include_deleted out');
}

/** Cuts what the repository found to the page; `startOf` says where a page after that row begins. */
export function pageOf<Row>(
  found: readonly Row[],
  request: PageRequest<string>,
  startOf: (row: Row) => PageStart,
): Page<Row> {
  const rows = found.slice(0, request.limit - 1);
  const last = rows.at(-1);
  const isLastPage = found.length < request.limit || last === undefined;
  return { rows, nextCursor: isLastPage ? null : encode(startOf(last), request) };
}

interface Sorting {
  readonly sortBy: string;
  readonly order: string;
}

function encode({ value, id }: PageStart, { sortBy, order }: Sorting): string {
  const content = [1, sortBy, order, value instanceof Date ? { at: value.toISOString() } : value, id];
  return Buffer.from(JSON.stringify(content)).toString('base64url');
}

/** Every row is checked against the caller's rights again, so a made-up cursor leads nowhere that a filter would not. */
function decode(cursor: string, sorting: Sorting): PageStart {
  const content = contentOf(cursor);
  const [version, sortBy, order, value, id] = content;
  const start = isTime(sorting.sortBy) ? timeOf(value) : textOf(value);
  const isOurs =
    content.length === 5 && version === 1 && sortBy === sorting.sortBy && order === sorting.order && isId(id);
  if (!isOurs || start === null) {
    throw new ValidationFailed([
      { field: 'cursor', message: 'is not the next_cursor of a page of this list in this order', type: 'cursor' },
    ]);
  }
  return { value: start, id };
}

function contentOf(cursor: string): readonly unknown[] {
  try {
    const content: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    return Array.isArray(content) ? content : [];
  } catch {
    return [];
  }
}

/** MySQL compares a time with nothing but times; every other column that a list is sorted by is text. */
function isTime(sortBy: string): boolean {
  return sortBy.endsWith('_at');
}

/** A row's id, or the 0 of a list that is not of rows. */
function isId(id: unknown): id is number {
  return typeof id === 'number' && Number.isSafeInteger(id) && id >= 0;
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function timeOf(value: unknown): Date | null {
  if (typeof value !== 'object' || value === null || !('at' in value) || typeof value.at !== 'string') return null;
  const date = new Date(value.at);
  // MySQL's DATETIME knows the years 1000 to 9999.
  const year = date.getUTCFullYear();
  return year >= 1_000 && year <= 9_999 ? date : null;
}
