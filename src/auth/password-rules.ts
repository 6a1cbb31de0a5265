import type { FieldError } from '../common/errors.js';

const minBytes = 8;
/** Keystone cuts what is longer, without saying so. */
const maxBytes = 72;

/** What people who guess try first; each of eight bytes at least, since shorter ones are refused anyway. */
const common = new Set([
  '00000000',
  '11111111',
  '12341234',
  '123123123',
  '12345678',
  '123456789',
  '1234567890',
  '147258369',
  '1q2w3e4r',
  '1q2w3e4r5t',
  '1qaz2wsx',
  '87654321',
  '88888888',
  '987654321',
  'aa123456',
  'abc12345',
  'abcd1234',
  'abcdefgh',
  'admin123',
  'administrator',
  'asdfasdf',
  'asdfghjk',
  'asdfghjkl',
  'baseball',
  'changeme',
  'charlie1',
  'computer',
  'football',
  'iloveyou',
  'internet',
  'letmein1',
  'liverpool',
  'michelle',
  'openstack',
  'p@ssw0rd',
  'passw0rd',
  'password',
  'password!',
  'password1',
  'password12',
  'password123',
  'pokemon1',
  'princess',
  'q1w2e3r4',
  'qazwsxedc',
  'qwer1234',
  'qwerty12',
  'qwerty123',
  'qwertyui',
  'qwertyuiop',
  'secret123',
  'starwars',
  'sunshine',
  'superman',
  'test1234',
  'trustno1',
  'welcome1',
  'whatever',
  'zaq12wsx',
  'zxcvbnm1',
]);

/** What our own rules have against a new password of that account; null: nothing. Keystone may have more. */
export function passwordProblem(password: string, accountId: string, field: string): FieldError | null {
  const bytes = Buffer.byteLength(password, 'utf8');
  if (bytes < minBytes || bytes > maxBytes) {
    return { field, message: `must have ${String(minBytes)} to ${String(maxBytes)} bytes of UTF-8`, type: 'length' };
  }
  if (password.toLowerCase() === accountId.toLowerCase()) {
    return { field, message: 'must not be the account id', type: 'account_id' };
  }
  if (common.has(password.toLowerCase()) || new Set(password).size === 1) {
    return { field, message: 'is among the passwords that are guessed first', type: 'common' };
  }
  return null;
}
