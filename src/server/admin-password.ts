import { randomInt } from 'node:crypto';

/** Without what is easily taken for something else. */
const classes = ['abcdefghijkmnopqrstuvwxyz', 'ABCDEFGHJKLMNPQRSTUVWXYZ', '23456789'] as const;
const alphabet = classes.join('');
const length = 20;

/** 20 characters, of each class at least one: about 115 bits. */
export function newAdminPassword(): string {
  for (;;) {
    const password = Array.from({ length }, () => alphabet.charAt(randomInt(alphabet.length))).join('');
    if (classes.every((characters) => [...characters].some((character) => password.includes(character))))
      return password;
  }
}
