import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';
import { createApp } from './app.setup.js';
import { armFailpoint } from './common/failpoint.js';
import { createLogger } from './common/logger.js';
import { ConfigError, readConfig, type Config } from './config/config.js';
import { Shutdown } from './health/shutdown.js';

/** Past the drain time, for what hangs in spite of it. */
const graceMs = 3_000;

function configOrExit(): Config {
  try {
    return readConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`The settings are wrong:\n${error.message.replaceAll(/^/gm, '  ')}\n`);
    process.exit(1);
  }
}

function watchErrors(logger: Logger): void {
  process.on('unhandledRejection', (error) => {
    logger.error({ err: error }, 'a promise was rejected and nobody looked');
  });
  process.on('uncaughtException', (error) => {
    logger.fatal({ err: error }, 'an exception was not caught; the process ends');
    process.exit(1);
  });
}

/** Readiness goes first; then operations are released and requests answered, within the drain time. */
async function shutDown(app: NestFastifyApplication, logger: Logger, drainMs: number): Promise<void> {
  app.get(Shutdown, { strict: false }).begin();
  setTimeout(() => {
    logger.error({ drainMs }, 'the shutdown took too long; leases run out by themselves');
    process.exit(1);
  }, drainMs + graceMs).unref();
  await app.close();
  logger.info('stopped');
  process.exit(0);
}

function listenErrorOf(error: unknown, { settings }: Config): string {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  const isMetrics = error instanceof Error && 'port' in error && error.port === settings.METRICS_PORT;
  const [name, port] = isMetrics ? ['METRICS_PORT', settings.METRICS_PORT] : ['PORT', settings.PORT];
  const address = `${settings.HOST}:${String(port)}`;
  if (code === 'EADDRINUSE') return `Port ${String(port)} is in use; set ${name} to a free one`;
  if (code === 'EACCES') return `Listening on ${address} is not allowed; set ${name} above 1023`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return `${address} is no address of this machine; set HOST`;
  throw error;
}

const config = configOrExit();
const logger = createLogger(config.settings.LOG_LEVEL);
watchErrors(logger);
if (config.settings.FAILPOINT !== '') armFailpoint(config.settings.FAILPOINT);
const app = await createApp(config, logger);
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    logger.info({ signal }, 'stopping');
    void shutDown(app, logger, config.settings.DRAIN_MS);
  });
}
try {
  await app.listen(config.settings.PORT, config.settings.HOST);
} catch (error) {
  process.stderr.write(`${listenErrorOf(error, config)}\n`);
  process.exit(1);
}
logger.info({ host: config.settings.HOST, port: config.settings.PORT }, 'listening');
