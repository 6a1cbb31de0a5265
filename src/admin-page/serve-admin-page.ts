import type { FastifyInstance, FastifyReply } from 'fastify';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';

/** Beside this file, in the sources as in dist. */
const folder = join(import.meta.dirname, 'assets');
const root = '/admin/ui';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
};

/** The page asks nobody but us, runs nothing but its own files, and may not be framed. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

/**
 * The page of administrators: static files that talk to the API like any other client. It needs no right of its own; whoever opens it
 * sees a form to log in.
 */
export function serveAdminPage(instance: FastifyInstance): void {
  for (const name of readdirSync(folder)) {
    const type = types[extname(name)];
    if (type === undefined) continue;
    const content = readFileSync(join(folder, name));
    const send = (reply: FastifyReply): FastifyReply => reply.headers(headersOf(type)).send(content);
    instance.get(`${root}/${name}`, (_request, reply) => send(reply));
    if (name === 'index.html') instance.get(root, (_request, reply) => send(reply));
  }
}

function headersOf(type: string): Readonly<Record<string, string>> {
  return {
    'content-type': type,
    'content-security-policy': policy,
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
  };
}
