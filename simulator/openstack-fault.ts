import { Refusal, type Answer } from './wire.js';

const words: Readonly<Record<number, string>> = {
  400: 'badRequest',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'itemNotFound',
  405: 'badMethod',
  409: 'conflictingRequest',
  413: 'overLimit',
  415: 'badMediaType',
  501: 'notImplemented',
  503: 'serviceUnavailable',
};

/** Errors of Nova and Cinder: the status as a word, then code and message. */
export function wordedError(code: number, message: string, headers?: Readonly<Record<string, string>>): Answer {
  const retryAfter = headers?.['Retry-After'];
  const inner = retryAfter === undefined ? { code, message } : { code, message, retryAfter };
  const body = { [words[code] ?? 'computeFault']: inner };
  return headers === undefined ? { status: code, body } : { status: code, body, headers };
}

export function refuse(code: number, message: string): Refusal {
  return new Refusal(wordedError(code, message));
}

/** A path that leads nowhere. */
export const nowhere: Answer = {
  status: 404,
  body: '404 Not Found\n\nThe resource could not be found.\n\n   ',
  headers: { 'Content-Type': 'text/plain; charset=UTF-8' },
};
