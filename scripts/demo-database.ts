import { randomBytes } from 'node:crypto';
import { createConnection } from 'mysql2/promise';
import { startDatabase, type Database } from './database.js';
import { migrate } from './migration.js';

const descriptions = {
  given: 'the one that DB_HOST names',
  container: 'in a container',
  local: "this machine's mysqld",
  downloaded: "the downloaded mysqld in the user's cache",
} as const;

/** An empty schema of a MySQL, and both gone at the end; a MySQL that was given keeps everything else. */
export class DemoDatabase {
  private constructor(
    private readonly database: Database,
    private readonly schema: string,
  ) {}

  /** @throws NoDatabase */
  static async start(report: (text: string) => void): Promise<DemoDatabase> {
    const database = await startDatabase({ durable: false, report });
    const demo = new DemoDatabase(
      database,
      database.kind === 'given' ? `cloud_api_demo_${randomBytes(3).toString('hex')}` : 'cloud_api',
    );
    try {
      await demo.execute(`CREATE SCHEMA \`${demo.schema}\` DEFAULT CHARACTER SET utf8mb4`);
      return demo;
    } catch (error) {
      await database.stop();
      throw error;
    }
  }

  get description(): string {
    return `${descriptions[this.database.kind]}, port ${String(this.database.port)}`;
  }

  /** The settings of the API that lead to it. */
  get settings(): Readonly<Record<string, string>> {
    const { host, port, user, password } = this.database;
    return { DB_HOST: host, DB_PORT: String(port), DB_USER: user, DB_PASSWORD: password, DB_NAME: this.schema };
  }

  async migrate(settings: Readonly<Record<string, string>>): Promise<readonly string[]> {
    return migrate(settings);
  }

  async stop(): Promise<void> {
    if (this.database.kind === 'given') await this.execute(`DROP SCHEMA \`${this.schema}\``);
    await this.database.stop();
  }

  private async execute(sql: string): Promise<void> {
    const { host, port, user, password } = this.database;
    const connection = await createConnection({ host, port, user, password });
    try {
      await connection.query(sql);
    } finally {
      await connection.end();
    }
  }
}
