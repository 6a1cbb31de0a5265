import { Refusal, type Answer } from './wire.js';

const titles: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  409: 'Conflict',
};

const malformed =
  'The server could not comply with the request since it is either malformed or otherwise incorrect. The client is assumed to be in error.';

export function keystoneError(code: number, message: string, headers?: Readonly<Record<string, string>>): Answer {
  const body = { error: { code, message, title: titles[code] ?? 'Error' } };
  return headers === undefined ? { status: code, body } : { status: code, body, headers };
}

export function unauthenticated(
  origin: string,
  message = 'The request you have made requires authentication.',
): Answer {
  return keystoneError(401, message, { 'WWW-Authenticate': `Keystone uri="${origin}/identity/v3"` });
}

/** What the middleware before the other services answers; the order of the fields is its own. */
export function unauthenticatedElsewhere(origin: string): Answer {
  return {
    status: 401,
    body: {
      error: { code: 401, title: 'Unauthorized', message: 'The request you have made requires authentication.' },
    },
    headers: { 'WWW-Authenticate': `Keystone uri="${origin}/identity/v3"` },
  };
}

export function expecting(what: string, where: string): Refusal {
  return new Refusal(keystoneError(400, `Expecting to find ${what} in ${where}. ${malformed}`));
}

export function notFound(what: string, id: string): Refusal {
  return new Refusal(keystoneError(404, `Could not find ${what}: ${id}.`));
}

export function forbidden(action: string): Refusal {
  return new Refusal(keystoneError(403, `You are not authorized to perform the requested action: identity:${action}.`));
}

export function conflict(what: string, details: string): Refusal {
  return new Refusal(keystoneError(409, `Conflict occurred attempting to store ${what} - ${details}.`));
}

export function invalid(message: string): Refusal {
  return new Refusal(keystoneError(400, message));
}
