/**
 * A path whose ids are encoded: path`/servers/${id}/action`.
 *
 * @throws RangeError for an id that would lead to another path than the one written: empty, `.` or `..`.
 */
export function path(parts: TemplateStringsArray, ...ids: readonly string[]): string {
  return parts.reduce((whole, part, index) => `${whole}${encodeId(ids[index - 1] ?? '')}${part}`);
}

function encodeId(id: string): string {
  // A URL parser removes dot segments even when they are percent-encoded, and no id at all would name the whole collection.
  if (id === '' || id === '.' || id === '..') throw new RangeError(`Not an id: "${id}"`);
  return encodeURIComponent(id);
}
