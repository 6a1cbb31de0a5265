import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import { startSimulator } from '../../simulator/simulator.js';
import type { Simulator } from '../../simulator/simulator-handles.js';
import { createApp } from '../../src/app.setup.js';
import { createDocument } from '../../src/common/openapi.js';
import type { Config } from '../../src/config/config.js';
import { Api } from './api.js';
import { holdAgainst, type ApiDocument } from './contract.js';
import { workerSchema, type TestSchema } from './schema.js';
import { testConfig } from './settings.js';
import { credentialsOf, settingsFor, type AccountName } from './simulated-cloud.js';

const importMs = 15_000;

export interface AppOptions {
  /** Over `testSettings`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** One that the test has started (and will close); a fresh one when left out. */
  readonly simulator?: Simulator;
  /** A second app on the same record: the schema of the first, as it is. */
  readonly schema?: TestSchema;
  /** False: returns before Keystone's projects and people are here. */
  readonly untilImported?: boolean;
}

/** The app in this process, on an empty schema and a fresh simulator. */
export interface TestApp {
  readonly url: string;
  readonly app: NestFastifyApplication;
  readonly simulator: Simulator;
  readonly schema: TestSchema;
  /** Nobody: for routes without a token. */
  readonly anonymous: Api;
  /** Logs in as a person of the simulator's seed. */
  login(account: AccountName): Promise<Api>;
  /** Stops the app as SIGTERM would, and then the simulator unless it was given. */
  close(): Promise<void>;
}

/** The real app with real migrations on a port of its own; start it in `beforeAll`, close it in `afterAll`. */
export async function startApp(options: AppOptions = {}): Promise<TestApp> {
  const schema = options.schema ?? (await workerSchema());
  const simulator = options.simulator ?? (await startSimulator({ port: 0 }));
  const config = testConfig({ ...settingsFor(simulator.url), ...schema.settings, ...options.settings });
  try {
    const running = await runApp(config, options.untilImported !== false);
    return {
      ...running,
      simulator,
      schema,
      login: async (account) => Api.login(running.url, credentialsOf(account)),
      close: async () => {
        await running.close();
        if (options.simulator === undefined) await simulator.close();
      },
    };
  } catch (error) {
    if (options.simulator === undefined) await simulator.close();
    throw error;
  }
}

export type RunningApp = Pick<TestApp, 'url' | 'app' | 'anonymous' | 'close'>;

/** The real app with whatever MySQL and OpenStack the settings name. */
export async function runApp(config: Config, isImported = true): Promise<RunningApp> {
  await loadSwaggerMetadata();
  const app = await createApp(config);
  try {
    await app.listen(0, '127.0.0.1');
    holdAgainst(createDocument(app) as unknown as ApiDocument);
    const url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
    const anonymous = new Api(url);
    if (isImported) await untilImported(anonymous);
    return { url, app, anonymous, close: () => app.close() };
  } catch (error) {
    await app.close();
    throw error;
  }
}

async function untilImported(anonymous: Api): Promise<void> {
  await anonymous.until<{ imported?: boolean }>(
    '/health/ready',
    ({ status, body }) => status === 200 && body.imported === true,
    importMs,
  );
}

/** Under Jest sources run without the Swagger plugin; what it would have added was written down by the global set-up. */
async function loadSwaggerMetadata(): Promise<void> {
  const file = process.env['SWAGGER_METADATA'];
  if (file === undefined) return;
  const { default: metadata } = (await import(file)) as { default: () => Promise<Record<string, unknown>> };
  await SwaggerModule.loadPluginMetadata(metadata);
}
