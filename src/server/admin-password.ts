import { randomInt } from 'node:crypto';

/** Without what is easily taken for something else. */
const alphabet = 'abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const classes = [/[a-z]/, /[A-Z]/, /\d/] as const;
const length = 20;

/** 20 characters, of each class at least one: about 115 bits. */
export function newAdminPassword(): string {
  for (;;) {
    const password = Array.from({ length }, () => alphabet.charAt(randomInt(alphabet.length))).join('');
    if (classes.every((pattern) => pattern.test(password))) return password;
  }
}
