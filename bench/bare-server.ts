import Fastify from 'fastify';
import { createPool } from 'mysql2/promise';
import type { TestSchema } from '../test/support/schema.js';

/** What the bare server answers with, and the statements that it runs first. */
export interface BareOrder {
  readonly schema: TestSchema;
  readonly statements: readonly string[];
  readonly body: string;
}

/** A process of its own, as the API is one: Fastify and mysql2, and nothing else. Tells its URL when it listens. */
process.once('message', (order: BareOrder) => {
  void serve(order).then((url) => process.send?.(url));
});
process.once('disconnect', () => process.exit());

async function serve({ schema, statements, body }: BareOrder): Promise<string> {
  const { host, port, user, password, name: database } = schema;
  const pool = createPool({ host, port, user, password, database, connectionLimit: 20, timezone: 'Z' });
  const fastify = Fastify();
  fastify.get('/', async (_request, reply) => {
    for (const statement of statements) await pool.query(statement);
    return reply.type('application/json; charset=utf-8').send(body);
  });
  return fastify.listen({ port: 0, host: '127.0.0.1' });
}
