import { describe, expect, it } from '@jest/globals';
import { passwordProblem } from './password-rules.js';

describe('passwordProblem', () => {
  it.each([
    ['seven77', 'length'],
    ['', 'length'],
    ['x'.repeat(73), 'length'],
    ['가'.repeat(25), 'length'],
    ['Password123', 'common'],
    ['OPENSTACK', 'common'],
    ['aaaaaaaaaaa', 'common'],
    ['Ada-Lovelace', 'account_id'],
  ])('has something against %j: %s', (password, type) => {
    expect(passwordProblem(password, 'ada-lovelace', 'password')).toMatchObject({ field: 'password', type });
  });

  it.each(['eight888', 'correct horse battery staple', '가나다라마바', '🚀🛰️🚀🛰️', 'xy'.repeat(36)])(
    'has nothing against %j',
    (password) => {
      expect(passwordProblem(password, 'ada', 'password')).toBeNull();
    },
  );
});
