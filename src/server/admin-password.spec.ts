import { describe, expect, it } from '@jest/globals';
import { newAdminPassword } from './admin-password.js';

describe('newAdminPassword', () => {
  it('has lower and upper case letters and digits, and never comes twice', () => {
    const passwords = Array.from({ length: 200 }, newAdminPassword);
    expect(passwords.every((password) => /^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)[A-Za-z2-9]{20}$/.test(password))).toBe(true);
    expect(new Set(passwords).size).toBe(200);
  });
});
