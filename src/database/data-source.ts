import mysql from 'mysql2';
import { DataSource, type DataSourceOptions } from 'typeorm';
import type { Config } from '../config/config.js';
import { migrations } from '../../migrations/migrations.js';

type EntityClass = new () => object;

/** One data source for everything; sessions speak UTC and READ COMMITTED, and no statement or wait for a connection is endless. */
export function createDataSource(settings: Config['settings'], entities: readonly EntityClass[]): DataSource {
  const options: DataSourceOptions = {
    type: 'mysql',
    driver: driverWith(settings.DB_POOL_WAIT_MS),
    host: settings.DB_HOST,
    port: settings.DB_PORT,
    username: settings.DB_USER,
    password: settings.DB_PASSWORD,
    database: settings.DB_NAME,
    charset: 'utf8mb4',
    timezone: 'Z',
    supportBigNumbers: true,
    bigNumberStrings: false,
    connectTimeout: Math.min(settings.DB_TIMEOUT_MS, 5_000),
    enableQueryTimeout: true,
    maxQueryExecutionTime: settings.DB_TIMEOUT_MS,
    poolSize: settings.DB_POOL_SIZE,
    // FOUND_ROWS: an UPDATE tells the rows that it matched, not the ones that it changed; compare-and-set rests on it.
    flags: ['+FOUND_ROWS'],
    entities: [...entities],
    migrations: [...migrations],
    migrationsTransactionMode: 'each',
    // Slow statements are logged by whoever runs them, with a request id; TypeORM's own logger prints their parameters.
    logging: false,
  };
  return new DataSource(options);
}

/** mysql2, with session settings on each new connection and a limit on the wait for a free one (mysql2 has none). */
function driverWith(poolWaitMs: number): { readonly createPool: (options: mysql.PoolOptions) => mysql.Pool } {
  const createPool = (options: mysql.PoolOptions): mysql.Pool => {
    const pool = mysql.createPool(options);
    pool.on('connection', (connection) => {
      // TypeORM's isolationLevel would cost each transaction a statement.
      connection.query(
        "SET time_zone = '+00:00', innodb_lock_wait_timeout = 5, SESSION transaction_isolation = 'READ-COMMITTED'",
      );
      connection.on('error', () => undefined);
    });
    const getConnection = pool.getConnection.bind(pool);
    pool.getConnection = (callback) => {
      let waiting = true;
      const timer = setTimeout(() => {
        waiting = false;
        // Without a connection, as mysql2 itself calls back with an error.
        Reflect.apply(callback, undefined, [poolWaitError(poolWaitMs)]);
      }, poolWaitMs);
      getConnection((error, connection) => {
        clearTimeout(timer);
        if (waiting) {
          waiting = false;
          callback(error, connection);
        } else if (error === null) connection.release();
      });
    };
    return pool;
  };
  return { createPool };
}

function poolWaitError(poolWaitMs: number): NodeJS.ErrnoException {
  return Object.assign(new Error(`No database connection became free within ${String(poolWaitMs)} ms`), {
    code: 'POOL_WAIT_TIMEOUT',
  });
}
