/** What can be done after a failed statement. */
export type DatabaseFailure =
  /** The transaction was rolled back, or must be: run the whole of it again. */
  | 'retry'
  /** This server is not the primary (any more): drop the connection, then run the whole again. */
  | 'not-primary'
  /** The connection is gone or hangs: what was committed is committed, what was not is not. */
  | 'lost'
  | 'other';

const retry = new Set([1213, 1205, 3101]);
const notPrimary = new Set([1290, 3100, 1792, 1836]);
const lostNumbers = new Set([1040, 1053, 1077, 1079, 1152, 1158, 1159, 1160, 1161, 1180, 2002, 2003, 2006, 2013, 3024]);
const lostCodes = new Set([
  'PROTOCOL_CONNECTION_LOST',
  'PROTOCOL_SEQUENCE_TIMEOUT',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'POOL_WAIT_TIMEOUT',
]);

/** Sorts an error of mysql2 or TypeORM; https://dev.mysql.com/doc/mysql-errors/en/server-error-reference.html */
export function databaseFailure(error: unknown): DatabaseFailure {
  const { number, code, message } = driverError(error);
  if (number !== null && retry.has(number)) return 'retry';
  if (number !== null && notPrimary.has(number)) return 'not-primary';
  if (number !== null && lostNumbers.has(number)) return 'lost';
  if (code !== null && lostCodes.has(code)) return 'lost';
  // mysql2 answers a statement on a connection that died before with a plain Error, and TypeORM one on a closed pool.
  if (/closed state|Pool is closed|Connection lost|connection is closed|not established/i.test(message)) return 'lost';
  return 'other';
}

/** The name of the unique index that a duplicate (1062) hit, without its table; null for any other error. */
export function duplicateKey(error: unknown): string | null {
  const { number, message } = driverError(error);
  if (number !== 1062) return null;
  return /for key '(?:[^'.]*\.)?([^']+)'/.exec(message)?.[1] ?? null;
}

function driverError(error: unknown): { number: number | null; code: string | null; message: string } {
  if (!(error instanceof Error)) return { number: null, code: null, message: String(error) };
  const nested = 'driverError' in error && error.driverError instanceof Error ? error.driverError : error;
  return {
    number: 'errno' in nested && typeof nested.errno === 'number' ? nested.errno : null,
    code: 'code' in nested && typeof nested.code === 'string' ? nested.code : null,
    message: nested.message,
  };
}
