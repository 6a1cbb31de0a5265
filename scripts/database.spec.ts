import { expect, it } from '@jest/globals';
import { refusalOf } from './database.js';

it.each([
  ['mysqld  Ver 9.7.4-2 for debian-linux-gnu on x86_64 ((Debian))', null],
  ['/usr/sbin/mysqld  Ver 8.4.0 for Linux on x86_64 (MySQL Community Server - GPL)', null],
  [
    '/usr/sbin/mysqld  Ver 8.0.40-0ubuntu0.24.04.1 for Linux on x86_64 ((Ubuntu))',
    'it is 8.0; 8.4 is the oldest that serves',
  ],
  [
    'mysqld  Ver 10.11.6-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64',
    'it is MariaDB, which refuses SQL that MySQL takes',
  ],
  ['', 'it does not tell its version'],
])('takes MySQL 8.4 or newer and nothing else: %s', (version, refusal) => {
  expect(refusalOf(version)).toBe(refusal);
});
