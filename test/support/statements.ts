import type { Connection, RowDataPacket } from 'mysql2/promise';
import { connect, type TestSchema } from './schema.js';

const repeats = 3;

/** Tables of fewer rows are read as a whole, and rightly so; a page and the one row after it are fewer, too. */
const fewRows = 500;

/** What MySQL hears on the connections to one schema: its general log. The account must be allowed to set global variables. */
export class StatementLog {
  private constructor(
    private readonly connection: Connection,
    private readonly schema: string,
  ) {}

  static async open(schema: TestSchema): Promise<StatementLog> {
    const connection = await connect(schema);
    await connection.query("SET GLOBAL log_output = 'TABLE'");
    return new StatementLog(connection, schema.name);
  }

  async close(): Promise<void> {
    await this.connection.query('SET GLOBAL general_log = OFF');
    await this.connection.query('TRUNCATE mysql.general_log');
    await this.connection.query('SET GLOBAL log_output = DEFAULT');
    await this.connection.end();
  }

  /** Everything that was heard while `work` lasted. */
  async during(work: () => Promise<unknown>): Promise<readonly string[]> {
    await this.connection.query('TRUNCATE mysql.general_log');
    await this.connection.query('SET GLOBAL general_log = ON');
    try {
      await work();
    } finally {
      await this.connection.query('SET GLOBAL general_log = OFF');
    }
    const [threads] = await this.connection.query<RowDataPacket[]>('SHOW PROCESSLIST');
    const [rows] = await this.connection.query<RowDataPacket[]>(
      `SELECT CONVERT(argument USING utf8mb4) AS statement FROM mysql.general_log
        WHERE command_type IN ('Query', 'Execute') AND thread_id IN (?) AND thread_id <> CONNECTION_ID()`,
      [threads.filter((thread) => thread['db'] === this.schema).map((thread) => Number(thread['Id']))],
    );
    return rows.map((row) => String(row['statement']));
  }

  /** The statements of one request. It is sent several times: what was heard less often was somebody else's, a loop of the app. */
  async ofRequest(request: () => Promise<unknown>): Promise<readonly string[]> {
    const heard = new Map<string, number>();
    const statements = await this.during(async () => {
      for (let sent = 0; sent < repeats; sent += 1) await request();
    });
    for (const statement of statements) heard.set(statement, (heard.get(statement) ?? 0) + 1);
    return [...heard].flatMap(([statement, times]) =>
      Array.from({ length: Math.floor(times / repeats) }, () => statement),
    );
  }

  /** Tables of which a statement reads every row, or every entry of an index, though they are many. What it makes itself is not meant. */
  async scansOf(statement: string): Promise<readonly string[]> {
    const [steps] = await this.connection.query<RowDataPacket[]>(`EXPLAIN FORMAT=TRADITIONAL ${statement}`);
    return steps
      .filter(({ table, type, rows }) => {
        const isEverything = type === 'ALL' || type === 'index';
        return isEverything && !String(table).startsWith('<') && Number(rows) > fewRows;
      })
      .map(({ table, type, rows }) => `${String(table)} (${String(type)}, ${String(rows)} rows)`);
  }
}
