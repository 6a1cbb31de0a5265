import type { Connection, RowDataPacket } from 'mysql2/promise';

/** What stands for things in OpenStack; the rest of the schema is about how we work. */
const tables = [
  'domain',
  'project',
  'user',
  'project_user',
  'server',
  'network_interface',
  'network_interface_security_group',
  'volume',
  'security_group',
  'security_group_rule',
  'floating_ip',
] as const;

export type RecordedRows = Readonly<Record<(typeof tables)[number], readonly Readonly<Record<string, unknown>>[]>>;

/** Every column of every row of the record. */
export async function readRecord(database: Connection): Promise<RecordedRows> {
  const record: Record<string, readonly RowDataPacket[]> = {};
  for (const table of tables) {
    const [rows] = await database.query<RowDataPacket[]>(`SELECT * FROM \`${table}\` ORDER BY id`);
    record[table] = rows;
  }
  return record as RecordedRows;
}

/** The same but for when the objects were seen last: a look that found everything as it was may confirm that. */
export function withoutSights(record: RecordedRows): RecordedRows {
  const seen = Object.entries(record).map(([table, rows]) => [
    table,
    rows.map(({ observed_at: _seen, ...columns }) => columns),
  ]);
  return Object.fromEntries(seen) as RecordedRows;
}
