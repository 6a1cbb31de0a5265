import type { Connection } from 'mysql2/promise';
import { startApp, type TestApp } from './app.js';
import { MysqlProxy } from './mysql-proxy.js';
import { connect, workerSchema } from './schema.js';

/** An app that reaches its MySQL through a proxy, which can be told to break. */
export interface ProxiedApp {
  readonly app: TestApp;
  readonly proxy: MysqlProxy;
  /** The test's own connection, past the proxy. */
  readonly database: Connection;
  close(): Promise<void>;
}

export async function startProxiedApp(): Promise<ProxiedApp> {
  const schema = await workerSchema();
  const proxy = await MysqlProxy.to(schema);
  const app = await startApp({ schema, settings: proxy.settings });
  const database = await connect(schema);
  const close = async (): Promise<void> => {
    await database.end();
    await app.close();
    await proxy.close();
  };
  return { app, proxy, database, close };
}
