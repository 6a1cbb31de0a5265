/** Objects by their ids, in the order in which they came. Their orders are remembered, since long lists are asked for page by page. */
export class Collection<T extends { readonly id: string }> extends Map<string, T> {
  private backwards: readonly T[] | null = null;
  private sorted: readonly T[] | null = null;

  get newestFirst(): readonly T[] {
    this.backwards ??= [...this.values()].reverse();
    return this.backwards;
  }

  get byId(): readonly T[] {
    this.sorted ??= [...this.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
    return this.sorted;
  }

  override set(id: string, thing: T): this {
    this.forget();
    return super.set(id, thing);
  }

  override delete(id: string): boolean {
    this.forget();
    return super.delete(id);
  }

  override clear(): void {
    this.forget();
    super.clear();
  }

  private forget(): void {
    this.backwards = null;
    this.sorted = null;
  }
}

/** The first `limit` things after the marker that `isSeen`; null where no such thing has that id. */
export function pageAfter<T extends { readonly id: string }>(
  things: readonly T[],
  marker: string | null,
  limit: number,
  isSeen: (thing: T) => boolean = () => true,
): readonly T[] | null {
  let index = 0;
  if (marker !== null) {
    const at = things.findIndex(({ id }) => id === marker);
    const marked = things[at];
    if (marked === undefined || !isSeen(marked)) return null;
    index = at + 1;
  }
  const page: T[] = [];
  for (; page.length < limit; index += 1) {
    const thing = things[index];
    if (thing === undefined) break;
    if (isSeen(thing)) page.push(thing);
  }
  return page;
}
