/**
 * The same pages, each asked for while the one before is worked on. Whoever stops early leaves one request unheard.
 *
 * @param pages asks for a page only when it is wanted
 */
export async function* pagesAhead<T>(pages: AsyncGenerator<T>): AsyncGenerator<T> {
  let next = pages.next();
  try {
    for (;;) {
      const page = await next;
      if (page.done === true) return;
      next = pages.next();
      // Heard when it is waited for; until then nobody misses it.
      next.catch(() => undefined);
      yield page.value;
    }
  } finally {
    await pages.return(undefined).catch(() => undefined);
  }
}
