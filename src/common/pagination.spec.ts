import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import { pageOf, pageRequest, requireAdminForDeleted } from './pagination.js';

const defaults = { sortBy: 'created_at', order: 'desc' } as const;
const rows = [1, 2, 3].map((id) => ({ id, createdAt: new Date(Date.UTC(2026, 0, id)) }));
const startOf = (row: (typeof rows)[number]) => ({ value: row.createdAt, id: row.id });

describe('a page of a list', () => {
  it('has up to 1,000 rows and the default order when nothing is asked', () => {
    expect(pageRequest({}, defaults)).toEqual({ ...defaults, after: null, limit: 1_001 });
  });

  it('leads to the next one, and the last one leads nowhere', () => {
    const first = pageRequest({ limit: 2 }, defaults);
    const { rows: shown, nextCursor } = pageOf(rows.slice(0, first.limit), first, startOf);
    expect(shown.map(({ id }) => id)).toEqual([1, 2]);
    const second = pageRequest({ limit: 2, ...(nextCursor === null ? {} : { cursor: nextCursor }) }, defaults);
    expect(second.after).toEqual({ value: rows[1]?.createdAt, id: 2 });
    expect(pageOf(rows.slice(2), second, startOf)).toEqual({ rows: [rows[2]], nextCursor: null });
    expect(pageOf([], second, startOf)).toEqual({ rows: [], nextCursor: null });
  });

  it('goes on after a name as it is written', () => {
    const request = pageRequest({ limit: 1, sort_by: 'name' }, { sortBy: 'name', order: 'asc' });
    const { nextCursor } = pageOf(['서버 "x"', 'b'], request, (value) => ({ value, id: 5 }));
    expect(pageRequest({ sort_by: 'name', cursor: nextCursor ?? '' }, { sortBy: 'name', order: 'asc' }).after).toEqual({
      value: '서버 "x"',
      id: 5,
    });
  });

  it('takes order by both of its names, and refuses them when they disagree', () => {
    expect(pageRequest({ order: 'asc' }, defaults).order).toBe('asc');
    expect(pageRequest({ sort_order: 'asc' }, defaults).order).toBe('asc');
    expect(pageRequest({ sort_order: 'asc', order: 'asc' }, defaults).order).toBe('asc');
    expect(() => pageRequest({ sort_order: 'asc', order: 'desc' }, defaults)).toThrow('sort_order');
  });

  it('refuses a cursor that is not one of this list in this order', () => {
    const cursor = pageOf(rows, pageRequest({ limit: 1 }, defaults), startOf).nextCursor ?? '';
    expect(() => pageRequest({ cursor, order: 'asc' }, defaults)).toThrow('cursor');
    expect(() => pageRequest({ cursor }, { sortBy: 'name', order: 'desc' })).toThrow('cursor');
    const forge = (content: unknown) => Buffer.from(JSON.stringify(content)).toString('base64url');
    const at = { at: '2026-01-01T00:00:00.000Z' };
    expect(pageRequest({ cursor: forge([1, 'created_at', 'desc', at, 1]) }, defaults).after?.id).toBe(1);
    const byName = forge([1, 'name', 'desc', at, 1]);
    expect(() => pageRequest({ cursor: byName }, { sortBy: 'name', order: 'desc' })).toThrow('cursor');
    for (const forged of [
      '',
      'x',
      '%%%',
      forge({}),
      forge([1, 'created_at', 'desc', { at: 'never' }, 1]),
      forge([1, 'created_at', 'desc', { at: '+275760-09-13T00:00:00.000Z' }, 1]),
      forge([1, 'created_at', 'desc', { $gt: 1 }, 1]),
      forge([1, 'created_at', 'desc', 'a', 1]),
      forge([1, 'created_at', 'desc', at, '1']),
      forge([1, 'created_at', 'desc', at, -1]),
      forge([1, 'created_at', 'desc', at]),
      forge([1, 'created_at', 'desc', at, 1, 1]),
    ]) {
      expect(() => pageRequest({ cursor: forged }, defaults)).toThrow('cursor');
    }
  });

  it('shows deleted rows to admins alone', () => {
    const principal = {
      userId: 1,
      accountId: 'a',
      sessionId: 1,
      projectId: 1,
      projectOpenstackId: 'p',
      role: 'member',
    } as const;
    expect(() => {
      requireAdminForDeleted(principal, true);
    }).toThrow('admin');
    requireAdminForDeleted(principal, undefined);
    requireAdminForDeleted({ ...principal, role: 'admin' }, true);
  });
});
