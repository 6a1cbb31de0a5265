import { describe, expect, it } from '@jest/globals';
import { ValidationFailed } from '../common/errors.js';
import type { Page } from '../common/pagination.js';
import { cataloguePage } from './catalogue-page.js';

interface Entry {
  readonly id: string;
  readonly name: string;
}

const entries: readonly Entry[] = ['c', 'a', 'd', 'b', 'a'].map((name, index) => ({ id: `id-${String(index)}`, name }));

function idsOf(page: { readonly rows: readonly { readonly id: string }[] }): readonly string[] {
  return page.rows.map(({ id }) => id);
}

describe('cataloguePage', () => {
  it('shows everything by name when no page is asked for', () => {
    const page = cataloguePage(entries, {});
    expect(idsOf(page)).toEqual(['id-1', 'id-4', 'id-3', 'id-0', 'id-2']);
    expect(page.nextCursor).toBeNull();
  });

  it.each(['asc', 'desc'] as const)('shows each entry once over all pages, %s', (order) => {
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page: Page<Entry> = cataloguePage(entries, { limit: 2, order, ...(cursor === null ? {} : { cursor }) });
      seen.push(...idsOf(page));
      cursor = page.nextCursor;
    } while (cursor !== null);
    const whole = idsOf(cataloguePage(entries, { order }));
    expect(seen).toEqual(whole);
  });

  it('refuses a cursor whose entry is gone', () => {
    const cursor = cataloguePage(entries, { limit: 1 }).nextCursor ?? '';
    expect(() => cataloguePage(entries.slice(2, 4), { limit: 1, cursor })).toThrow(ValidationFailed);
  });
});
