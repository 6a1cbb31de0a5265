import { describe, expect, it } from '@jest/globals';
import { databaseFailure, duplicateKey } from './database-errors.js';

function failure(errno: number | undefined, code: string, message = ''): Error {
  return Object.assign(new Error('query failed'), { driverError: Object.assign(new Error(message), { errno, code }) });
}

describe('databaseFailure', () => {
  it.each([
    [1213, 'ER_LOCK_DEADLOCK', 'retry'],
    [1205, 'ER_LOCK_WAIT_TIMEOUT', 'retry'],
    [1290, 'ER_OPTION_PREVENTS_STATEMENT', 'not-primary'],
    [3100, 'ER_RUN_HOOK_ERROR', 'not-primary'],
    [1180, 'ER_ERROR_DURING_COMMIT', 'lost'],
    [undefined, 'PROTOCOL_CONNECTION_LOST', 'lost'],
    [undefined, 'POOL_WAIT_TIMEOUT', 'lost'],
    [1062, 'ER_DUP_ENTRY', 'other'],
  ] as const)('%p %s is %s', (errno, code, expected) => {
    expect(databaseFailure(failure(errno, code))).toBe(expected);
  });

  it('does not take an ordinary bug for a lost connection', () => {
    expect(databaseFailure(new TypeError('x is not a function'))).toBe('other');
  });
});

describe('duplicateKey', () => {
  it('names the index', () => {
    expect(
      duplicateKey(failure(1062, 'ER_DUP_ENTRY', "Duplicate entry '1-web' for key 'server.uq_server_live_name'")),
    ).toBe('uq_server_live_name');
  });

  it('is null for any other error', () => {
    expect(duplicateKey(failure(1452, 'ER_NO_REFERENCED_ROW_2'))).toBeNull();
  });
});
