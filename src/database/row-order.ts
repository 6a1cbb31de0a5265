/** Where a page begins: right after this row. */
interface RowPosition {
  readonly value: Date | string;
  readonly id: number;
}

/** The condition that a row comes after another one, by a column and then by id, in a form that MySQL finds in an index. */
export function comesAfter(
  column: string,
  idColumn: string,
  order: 'asc' | 'desc',
  { value, id }: RowPosition,
): [condition: string, ...values: unknown[]] {
  const sign = order === 'asc' ? '>' : '<';
  return [`(${column} ${sign} ? OR (${column} = ? AND ${idColumn} ${sign} ?))`, value, value, id];
}
