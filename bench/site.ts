import { startDatabase, type Database } from '../scripts/database.js';
import { startSimulator } from '../simulator/simulator.js';
import type { Simulator } from '../simulator/simulator-handles.js';
import { Api } from '../test/support/api.js';
import { createSchema, dropSchema, type TestSchema } from '../test/support/schema.js';
import { credentialsOf, settingsFor } from '../test/support/simulated-cloud.js';
import { testSettings } from '../test/support/settings.js';

/** Timings of production; only what has to be given is given. */
export function productionSettings(simulator: Simulator, schema: TestSchema): Record<string, string> {
  const { SECRET_KEY } = testSettings;
  return {
    SECRET_KEY: SECRET_KEY ?? '',
    LOG_LEVEL: 'warn',
    // What is measured is how many requests a second there can be.
    RATE_LIMIT_SESSION: '0',
    RATE_LIMIT_ADDRESS: '0',
    ...settingsFor(simulator.url),
    ...schema.settings,
  };
}

/** A MySQL, a schema and a simulator for one benchmark. */
export interface Site {
  readonly database: Database;
  readonly schema: TestSchema;
  readonly simulator: Simulator;
  close(): Promise<void>;
}

export async function openSite(): Promise<Site> {
  const database = await startDatabase({ durable: true });
  const schema = await createSchema(database, 'bench');
  const simulator = await startSimulator({ port: 0 });
  return {
    database,
    schema,
    simulator,
    close: async () => {
      await simulator.close();
      await dropSchema(schema);
      await database.stop();
    },
  };
}

export async function login(url: string): Promise<Api> {
  await new Api(url).until<{ imported?: boolean }>('/health/ready', ({ body }) => body.imported === true, 30_000);
  return Api.login(url, credentialsOf('demo'));
}
