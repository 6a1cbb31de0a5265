/** A page, and what was known when it was asked for. */
export interface PageAhead<T, Known> {
  readonly page: T;
  readonly known: Known;
}

/**
 * The same pages, each asked for while the one before is worked on. Whoever stops early leaves one request unheard.
 *
 * @param pages asks for a page only when it is wanted
 * @param known is asked right before each page is
 */
export async function* pagesAhead<T, Known>(
  pages: AsyncGenerator<T>,
  known: () => Known,
): AsyncGenerator<PageAhead<T, Known>> {
  const ask = (): { readonly known: Known; readonly answer: Promise<IteratorResult<T>> } => ({
    known: known(),
    answer: pages.next(),
  });
  let next = ask();
  try {
    for (;;) {
      const asked = next;
      const page = await asked.answer;
      if (page.done === true) return;
      next = ask();
      // Heard when it is waited for; until then nobody misses it.
      next.answer.catch(() => undefined);
      yield { page: page.value, known: asked.known };
    }
  } finally {
    await pages.return(undefined).catch(() => undefined);
  }
}
