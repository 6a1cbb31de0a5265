import { describe, expect, it } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import { pagesAhead } from './pages-ahead.js';

class Pages {
  readonly asked: number[] = [];
  isClosed = false;

  constructor(
    private readonly count: number,
    private readonly failing: number | null = null,
  ) {}

  async *list(): AsyncGenerator<number> {
    try {
      for (let page = 1; page <= this.count; page += 1) {
        this.asked.push(page);
        await turn();
        if (page === this.failing) throw new Error(`page ${String(page)}`);
        yield page;
      }
    } finally {
      this.isClosed = true;
    }
  }
}

const nothing = (): null => null;

describe('pagesAhead', () => {
  it('gives all pages in their order, asking for the next one meanwhile and for no more', async () => {
    const pages = new Pages(3);
    const seen: (readonly [number, readonly number[]])[] = [];
    for await (const { page } of pagesAhead(pages.list(), nothing)) {
      await turn();
      await turn();
      seen.push([page, [...pages.asked]]);
    }
    expect(seen).toEqual([
      [1, [1, 2]],
      [2, [1, 2, 3]],
      [3, [1, 2, 3]],
    ]);
  });

  it('gives with each page what was known when it was asked for, not what has become known since', async () => {
    let worked = 0;
    const seen: (readonly [number, number])[] = [];
    for await (const { page, known } of pagesAhead(new Pages(4).list(), () => worked)) {
      worked = page;
      await turn();
      seen.push([page, known]);
    }
    // The second is asked for before the first is worked on, and so on.
    expect(seen).toEqual([
      [1, 0],
      [2, 0],
      [3, 1],
      [4, 2],
    ]);
  });

  it('fails where the pages do, after those before', async () => {
    const pages = new Pages(3, 2);
    const seen: number[] = [];
    const read = async (): Promise<void> => {
      for await (const { page } of pagesAhead(pages.list(), nothing)) {
        await turn();
        await turn();
        seen.push(page);
      }
    };
    await expect(read()).rejects.toThrow('page 2');
    expect(seen).toEqual([1]);
  });

  it('ends the pages for who stops early, even when the next one fails', async () => {
    const pages = new Pages(3, 2);
    for await (const { page } of pagesAhead(pages.list(), nothing)) if (page === 1) break;
    expect(pages.isClosed).toBe(true);
    expect(pages.asked).toEqual([1, 2]);
  });
});
