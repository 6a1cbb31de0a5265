import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startApp, type TestApp } from '../support/app.js';

const folder = join(import.meta.dirname, '../../src/admin-page/assets');

/** Attributes by name of every element of this kind. */
function elements(html: string, tag: string): readonly Readonly<Record<string, string>>[] {
  return [...html.matchAll(new RegExp(`<${tag}\\b([^>]*)>`, 'g'))].map(([, attributes = '']) =>
    Object.fromEntries(
      [...attributes.matchAll(/([a-z-]+)(?:="([^"]*)")?/g)].map(([, name = '', value = '']) => [name, value]),
    ),
  );
}

describe('the page of administrators', () => {
  let app: TestApp;
  let html: string;

  beforeAll(async () => {
    app = await startApp({ untilImported: false });
    html = await (await fetch(`${app.url}/admin/ui`)).text();
  });

  afterAll(async () => {
    await app.close();
  });

  const scripts = readdirSync(folder).filter((name) => name.endsWith('.js'));

  it('is answered to everybody, with a policy that lets it ask nobody but us', async () => {
    const answer = await fetch(`${app.url}/admin/ui`);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    const policy = new Map(
      (answer.headers.get('content-security-policy') ?? '').split('; ').map((part) => {
        const [name = '', ...values] = part.split(' ');
        return [name, values.join(' ')];
      }),
    );
    expect(Object.fromEntries(policy)).toEqual({
      'default-src': "'none'",
      'script-src': "'self'",
      'style-src': "'self'",
      'connect-src': "'self'",
      'img-src': 'data:',
      'base-uri': "'none'",
      'form-action': "'none'",
      'frame-ancestors': "'none'",
      'require-trusted-types-for': "'script'",
    });
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it('finds all that it is made of', async () => {
    const named = [...elements(html, 'link'), ...elements(html, 'script')]
      .map((attributes) => attributes['href'] ?? attributes['src'] ?? '')
      .filter((address) => address !== 'data:,');
    const imported = scripts.flatMap((name) =>
      [...readFileSync(join(folder, name), 'utf8').matchAll(/from '\.\/([a-z-]+\.js)'/g)].map(
        ([, file = '']) => `/admin/ui/${file}`,
      ),
    );
    expect(named.sort()).toEqual(['/admin/ui/admin.css', '/admin/ui/main.js']);
    for (const address of new Set([...named, ...imported])) {
      const answer = await fetch(`${app.url}${address}`);
      const type = address.endsWith('.css') ? 'text/css' : 'text/javascript';
      expect([address, answer.status, answer.headers.get('content-type')]).toEqual([
        address,
        200,
        `${type}; charset=utf-8`,
      ]);
    }
    expect([...new Set(imported)].sort()).toEqual(
      scripts.filter((name) => name !== 'main.js').map((name) => `/admin/ui/${name}`),
    );
  });

  it('names no other address, and makes no markup or code out of text', () => {
    for (const name of readdirSync(folder)) {
      const text = readFileSync(join(folder, name), 'utf8');
      expect([name, text.match(/https?:|wss?:|["'`(]\/\/|@import|url\(/g)]).toEqual([name, null]);
      expect([name, text.match(/innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|new Function/g)]).toEqual([
        name,
        null,
      ]);
      expect([name, text.match(/localStorage|sessionStorage|indexedDB|document\.cookie/g)]).toEqual([name, null]);
    }
    expect(html).not.toMatch(/<style|\sstyle=|\son[a-z]+=|javascript:/);
    expect(html).not.toMatch(/<script(?![^>]*\ssrc=)/);
  });

  it('asks for routes that there are', async () => {
    const { body } = await app.anonymous.get<{ paths: Record<string, unknown> }>('/openapi.json');
    const known = Object.keys(body.paths).map((path) => path.replaceAll(/\{[a-z_]+\}/g, '{}'));
    const asked = scripts.flatMap((name) =>
      [...readFileSync(join(folder, name), 'utf8').matchAll(/['`](\/(?:auth|admin)\/(?!ui)[^'`?]*)/g)].map(
        ([, path = '']) => path.replaceAll(/\$\{[a-z]+\}/g, '{}'),
      ),
    );
    expect(asked.length).toBeGreaterThan(8);
    expect(asked.filter((path) => !known.includes(path))).toEqual([]);
  });

  it('can be used by keyboard and by ear', () => {
    const labels = elements(html, 'label').map((label) => label['for']);
    for (const input of [...elements(html, 'input'), ...elements(html, 'select')])
      expect(labels).toContain(input['id']);
    for (const [, text = ''] of html.matchAll(/<(?:button|a)\b[^>]*>([^<]*)</g)) expect(text.trim()).not.toBe('');
    expect(elements(html, 'html')[0]?.['lang']).toBe('en');
    expect(elements(html, 'nav')[0]?.['aria-label']).toBe('Views');
    expect(html).toMatch(/role="status" aria-live="polite"/);
    expect(html).toMatch(/role="alert"/);
    expect(html).not.toMatch(/tabindex="[1-9]/);
    expect([...html.matchAll(/<h1/g)]).toHaveLength(1);
    const css = readFileSync(join(folder, 'admin.css'), 'utf8');
    expect(css).toMatch(/:focus-visible \{\s+outline: 3px/);
    expect(css.match(/outline: none/g)).toHaveLength(1);
    for (const name of scripts) {
      const text = readFileSync(join(folder, name), 'utf8');
      // What can be clicked is a link, a button or a control: nothing else can be reached with the keyboard.
      for (const [, tag = ''] of text.matchAll(/h\(\s*'([a-z0-9]+)',\s*\{[^}]*onclick/g))
        expect([name, tag]).toEqual([name, 'button']);
    }
  });

  it('is a few files and nothing else', async () => {
    for (const path of [
      '/admin/ui/nothing.js',
      '/admin/ui/..%2f..%2fpackage.json',
      '/admin/ui/%2e%2e/serve-admin-page.js',
    ])
      expect([path, (await fetch(`${app.url}${path}`)).status]).toEqual([path, 404]);
    expect((await fetch(`${app.url}/admin/ui`, { method: 'POST' })).status).toBe(405);
  });
});

it('the page of administrators can be switched off', async () => {
  const app = await startApp({ settings: { ADMIN_PAGE: 'false' }, untilImported: false });
  try {
    expect((await fetch(`${app.url}/admin/ui`)).status).toBe(404);
    expect((await fetch(`${app.url}/admin/ui/main.js`)).status).toBe(404);
  } finally {
    await app.close();
  }
});
