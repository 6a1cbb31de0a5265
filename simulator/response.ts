import type { ServerResponse } from 'node:http';
import type { Cloud } from './cloud.js';
import type { Answer } from './wire.js';

/** `isCut`: the connection ends in the middle of the body. */
export function respond(
  response: ServerResponse,
  cloud: Cloud,
  answer: Answer,
  requestId: string,
  { isCut = false, isHead = false }: { readonly isCut?: boolean; readonly isHead?: boolean } = {},
): void {
  const { status, body, headers = {} } = answer;
  const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
  const type = text === '' ? {} : { 'Content-Type': 'application/json' };
  response.sendDate = false;
  response.writeHead(status, {
    ...type,
    Date: new Date(cloud.now()).toUTCString(),
    'x-openstack-request-id': requestId,
    ...(status === 204 ? {} : { 'Content-Length': String(Buffer.byteLength(text)) }),
    ...headers,
  });
  if (isCut) {
    response.write(text.slice(0, Math.floor(text.length / 2)), () => {
      response.destroy();
    });
    return;
  }
  response.end(status === 204 || isHead ? undefined : text);
}

/** The same answer, made unreadable. */
export function spoil(answer: Answer, how: 'truncate' | 'malformed' | 'html', status = answer.status): Answer {
  const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? { padding: 'nothing' });
  switch (how) {
    case 'truncate':
      return { ...answer, status, body: text };
    case 'malformed':
      return { ...answer, status, body: text.slice(0, Math.max(1, Math.floor(text.length / 2))) };
    case 'html':
      return {
        ...answer,
        status,
        body: '<html><head><title>Proxy</title></head><body><h1>It works!</h1></body></html>\n',
        headers: { ...answer.headers, 'Content-Type': 'text/html' },
      };
    default:
      return how satisfies never;
  }
}
