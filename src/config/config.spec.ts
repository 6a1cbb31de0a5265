import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, readConfig } from './config.js';

const sound = {
  SECRET_KEY: 'a key that is used in this file and nowhere else',
  OS_AUTH_URL: 'http://127.0.0.1:9/v3',
  OS_USERNAME: 'admin',
  OS_PASSWORD: 'secret',
  OS_PROJECT_NAME: 'admin',
  OS_USER_DOMAIN_ID: 'default',
  OS_PROJECT_DOMAIN_ID: 'default',
};

function problemOf(env: Record<string, string | undefined>): string {
  try {
    readConfig(env);
    return '';
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message;
  }
}

describe('the settings', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'config-'));
  });

  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('need little to be whole', () => {
    const { settings } = readConfig(sound);
    expect(settings).toMatchObject({ PORT: 3000, LEASE_MS: 60_000, HTTP_TIMEOUT_MS: 20_000, MANAGED_PROJECTS: [] });
  });

  it('mean the default when they are empty, and lists are split at commas', () => {
    const { settings } = readConfig({ ...sound, PORT: '', MANAGED_PROJECTS: ' demo, other ,' });
    expect(settings.PORT).toBe(3000);
    expect(settings.MANAGED_PROJECTS).toEqual(['demo', 'other']);
  });

  it.each([
    ['PORT', { PORT: '70000' }],
    ['PORT', { PORT: 'http' }],
    ['LOG_LEVEL', { LOG_LEVEL: 'loud' }],
    ['SECRET_KEY', { SECRET_KEY: 'short' }],
    ['SECRET_KEY', { SECRET_KEY: undefined }],
    ['DB_NAME', { DB_NAME: 'a;drop' }],
    ['DOCS', { DOCS: 'yes' }],
    ['ORPHAN_POLICY', { ORPHAN_POLICY: 'maybe' }],
    ['LEASE_MS', { LEASE_MS: '50000' }],
    ['OS_AUTH_URL', { OS_AUTH_URL: undefined }],
    ['CORS_ORIGINS', { CORS_ORIGINS: 'console.example.com' }],
    ['CORS_ORIGINS', { CORS_ORIGINS: 'https://console.example.com/' }],
    ['CORS_ORIGINS', { CORS_ORIGINS: 'https://console.example.com/app' }],
    ['CORS_ORIGINS', { CORS_ORIGINS: 'https://console.example.com?x' }],
    ['CORS_ORIGINS', { CORS_ORIGINS: 'https://me@console.example.com' }],
    ['CORS_ORIGINS', { CORS_ORIGINS: 'https://Console.example.com' }],
    ['CORS_ORIGINS', { CORS_ORIGINS: 'https://console.example.com:443' }],
    ['CORS_ORIGINS', { CORS_ORIGINS: 'https://*.example.com' }],
    ['CORS_ORIGINS', { CORS_ORIGINS: 'http://localhost:5173, *' }],
    ['CORS_ORIGINS', { CORS_ORIGINS: 'null' }],
  ])('stop the start by naming %s', (name, changes) => {
    expect(problemOf({ ...sound, ...changes })).toContain(name);
  });

  it('list origins as browsers send them, or all of them', () => {
    const list = ['https://console.example.com', 'http://localhost:5173', 'http://[::1]:8080', 'capacitor://localhost'];
    expect(readConfig({ ...sound, CORS_ORIGINS: list.join(',') }).settings.CORS_ORIGINS).toEqual(list);
    expect(readConfig({ ...sound, CORS_ORIGINS: '*' }).settings.CORS_ORIGINS).toEqual(['*']);
    expect(readConfig(sound).settings.CORS_ORIGINS).toEqual([]);
    expect(problemOf({ ...sound, CORS_ORIGINS: 'http://localhost:5173,https://x.test/' })).toBe(
      'CORS_ORIGINS: https://x.test/: every entry must be an origin as browsers send it, e.g. https://console.example.com or http://localhost:5173, or * the only one',
    );
  });

  it('name every one that is wrong, one a line', () => {
    const lines = problemOf({ ...sound, PORT: '-1', LOG_LEVEL: 'loud' }).split('\n');
    expect(lines).toHaveLength(2);
  });

  it('take a secret from a file, without its last line break', () => {
    const file = join(folder, 'secret');
    writeFileSync(file, `${'k'.repeat(40)}\n`);
    const { SECRET_KEY: _, ...rest } = sound;
    expect(readConfig({ ...rest, SECRET_KEY_FILE: file }).settings.SECRET_KEY).toBe('k'.repeat(40));
    expect(problemOf({ ...sound, SECRET_KEY_FILE: file })).toContain('SECRET_KEY and SECRET_KEY_FILE');
    expect(problemOf({ ...rest, SECRET_KEY_FILE: join(folder, 'none') })).toContain('SECRET_KEY_FILE');
  });
});
