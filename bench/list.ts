import Fastify from 'fastify';
import { createPool, type RowDataPacket } from 'mysql2/promise';
import { ApiProcess } from '../scripts/api-process.js';
import { freePort } from '../scripts/port.js';
import { connect, type TestSchema } from '../test/support/schema.js';
import { load, spread, type BenchRow } from './measure.js';
import { insertServers, login, openSite, productionSettings } from './site.js';

const rounds = 5;
const path = '/servers?limit=100';

/** GET /servers?limit=100 of 10,000 servers against a bare handler that runs the same statements and sends the same bytes. */
export async function benchList(): Promise<readonly BenchRow[]> {
  const site = await openSite();
  const settings = productionSettings(site.simulator, site.schema);
  const api = await ApiProcess.start({ port: await freePort(), settings });
  try {
    const demo = await login(api.url);
    await insertServers(site.schema, demo.login?.project_id ?? 1, 10_000);
    const headers = { authorization: `Bearer ${demo.token ?? ''}` };
    const statements = await statementsOf(site.schema, async () => demo.get(path));
    const body = await (await fetch(`${api.url}${path}`, { headers })).text();
    const reference = await bareHandler(site.schema, statements, body);
    const options = { connections: 8, durationMs: 4_000 };
    await load(`${api.url}${path}`, headers, { connections: 8, durationMs: 3_000 });
    await load(reference.url, {}, { connections: 8, durationMs: 1_000 });
    const rates: number[] = [];
    const tails: number[] = [];
    let last = { ours: '', reference: '' };
    for (let round = 0; round < rounds; round += 1) {
      const ours = await load(`${api.url}${path}`, headers, options);
      const theirs = await load(reference.url, {}, options);
      rates.push(ours.requestsPerSecond / theirs.requestsPerSecond);
      tails.push(ours.p99Ms / theirs.p99Ms);
      last = { ours: figures(ours), reference: figures(theirs) };
    }
    await reference.close();
    const rate = spread(rates);
    const tail = spread(tails);
    return [
      {
        name: `list requests/s (${String(statements.length)} statements)`,
        ...last,
        ratio: rate,
        goal: '>= 0.7',
        met: rate.median >= 0.7,
      },
      { name: 'list p99', ...last, ratio: tail, goal: '<= 1.5', met: tail.median <= 1.5 },
    ];
  } finally {
    await api.kill();
    await site.close();
  }
}

function figures({ requestsPerSecond, p99Ms }: { requestsPerSecond: number; p99Ms: number }): string {
  return `${requestsPerSecond.toFixed(0)}/s, p99 ${p99Ms.toFixed(1)} ms`;
}

/** The SELECTs that one request runs, as MySQL heard them. */
async function statementsOf(schema: TestSchema, work: () => Promise<unknown>): Promise<readonly string[]> {
  const connection = await connect(schema);
  try {
    await connection.query("SET GLOBAL log_output = 'TABLE'");
    await connection.query('TRUNCATE mysql.general_log');
    await connection.query('SET GLOBAL general_log = ON');
    await work();
    await connection.query('SET GLOBAL general_log = OFF');
    const [rows] = await connection.query<RowDataPacket[]>(
      "SELECT CONVERT(argument USING utf8mb4) AS statement FROM mysql.general_log WHERE command_type = 'Query'",
    );
    return rows
      .map((row) => String(row['statement']))
      .filter(
        (statement) =>
          /^\s*SELECT/i.test(statement) && /FROM `?(server|session|volume|network_interface)\b/i.test(statement),
      )
      .filter((statement) => !/operation_lock l WHERE|claim/i.test(statement));
  } finally {
    await connection.end();
  }
}

async function bareHandler(
  schema: TestSchema,
  statements: readonly string[],
  body: string,
): Promise<{ url: string; close: () => Promise<void> }> {
  const { host, port, user, password, name } = schema;
  const pool = createPool({
    host,
    port,
    user,
    password,
    database: name,
    connectionLimit: 20,
    timezone: 'Z',
    supportBigNumbers: true,
  });
  const fastify = Fastify();
  fastify.get('/servers', async (_request, reply) => {
    for (const statement of statements) await pool.query(statement);
    return reply.type('application/json; charset=utf-8').send(body);
  });
  const url = await fastify.listen({ port: 0, host: '127.0.0.1' });
  return {
    url: `${url}/servers`,
    close: async () => {
      await fastify.close();
      await pool.end();
    },
  };
}
