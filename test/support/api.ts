import { setTimeout as sleep } from 'node:timers/promises';
import { checkAnswer } from './contract.js';

export interface Answer<T> {
  readonly status: number;
  readonly headers: Headers;
  /** Undefined when the answer has no body. */
  readonly body: T;
}

export interface OperationBody {
  readonly id: number;
  readonly kind: string;
  readonly state: string;
  readonly step: string | null;
  readonly resource: { readonly type: string; readonly id: number };
  readonly waiting: { readonly reason: string; readonly retry_at: string } | null;
  readonly error: { readonly code: string; readonly message: string } | null;
}

export interface LoginBody {
  readonly token: string;
  readonly refresh_token: string;
  readonly project_id: number;
  readonly expires_at: string;
  readonly user: {
    readonly id: number;
    readonly account_id: string;
    readonly projects: readonly { readonly id: number; readonly name: string; readonly openstack_id: string }[];
  };
}

export interface Credentials {
  readonly account_id: string;
  readonly password: string;
  /** Ours; the first project of the account when left out. */
  readonly project_id?: number;
}

export interface RequestOptions {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

/** An answer that the caller had not expected. */
export class UnexpectedAnswer extends Error {
  constructor(
    what: string,
    readonly answer: Answer<unknown>,
  ) {
    super(`${what}: ${String(answer.status)} ${JSON.stringify(answer.body)}`);
  }
}

/**
 * The API as one account sees it, or as nobody does. Every status is an answer; only a request that got none throws, and one whose answer is not
 * as the description of the API says. Type parameters say what the caller expects of a body.
 */
export class Api {
  constructor(
    readonly url: string,
    readonly token: string | null = null,
    readonly login: LoginBody | null = null,
    /** Ends whatever request is under way, and every later one. */
    private readonly signal: AbortSignal | null = null,
  ) {}

  /** @throws UnexpectedAnswer unless the login succeeds. */
  static async login(url: string, credentials: Credentials, signal: AbortSignal | null = null): Promise<Api> {
    const answer = await new Api(url).post<LoginBody>('/auth/login', credentials);
    if (answer.status !== 200) throw new UnexpectedAnswer(`login as ${credentials.account_id}`, answer);
    return new Api(url, answer.body.token, answer.body, signal);
  }

  async get<T>(path: string, options: RequestOptions = {}): Promise<Answer<T>> {
    return this.request<T>('GET', path, options);
  }

  async post<T>(path: string, body?: unknown, options: RequestOptions = {}): Promise<Answer<T>> {
    return this.request<T>('POST', path, { ...options, body });
  }

  async put<T>(path: string, body?: unknown, options: RequestOptions = {}): Promise<Answer<T>> {
    return this.request<T>('PUT', path, { ...options, body });
  }

  async delete<T>(path: string, options: RequestOptions = {}): Promise<Answer<T>> {
    return this.request<T>('DELETE', path, options);
  }

  async request<T>(method: string, path: string, options: RequestOptions = {}): Promise<Answer<T>> {
    const { body, timeoutMs = 40_000 } = options;
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        ...(this.token === null ? {} : { authorization: `Bearer ${this.token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...options.headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      redirect: 'manual',
      signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(this.signal === null ? [] : [this.signal])]),
    });
    const text = await response.text();
    const contentType = (response.headers.get('content-type') ?? '').split(';', 1)[0] ?? '';
    const content: unknown = text === '' ? undefined : /\bjson\b/.test(contentType) ? JSON.parse(text) : text;
    checkAnswer({ method, path, status: response.status, contentType, body: content });
    return { status: response.status, headers: response.headers, body: content as T };
  }

  /**
   * Waits until an operation is final and returns it, however it ended. Takes its id, or the answer whose Location leads to it.
   *
   * @throws UnexpectedAnswer when it cannot be read, or is not final after `timeoutMs`.
   */
  async finished(operation: number | Answer<unknown>, timeoutMs = 30_000): Promise<OperationBody> {
    const path = typeof operation === 'number' ? `/operations/${String(operation)}` : locationOf(operation);
    const end = Date.now() + timeoutMs;
    for (;;) {
      const waitSeconds = Math.max(1, Math.min(30, Math.ceil((end - Date.now()) / 1000)));
      const answer = await this.get<OperationBody>(`${path}?wait=${String(waitSeconds)}`);
      if (answer.status !== 200) throw new UnexpectedAnswer(`GET ${path}`, answer);
      if (['SUCCEEDED', 'FAILED', 'CANCELLED'].includes(answer.body.state)) return answer.body;
      if (Date.now() > end) throw new UnexpectedAnswer(`${path} is not final after ${String(timeoutMs)} ms`, answer);
      await sleep(50);
    }
  }

  /** Asks again until `is` holds for the answer, and returns that. */
  async until<T>(path: string, is: (answer: Answer<T>) => boolean, timeoutMs = 15_000): Promise<Answer<T>> {
    const end = Date.now() + timeoutMs;
    for (;;) {
      const answer = await this.get<T>(path);
      if (is(answer)) return answer;
      if (Date.now() > end) throw new UnexpectedAnswer(`GET ${path} after ${String(timeoutMs)} ms`, answer);
      await sleep(50);
    }
  }
}

/** The path of the operation that a 202 names. */
export function locationOf(answer: Answer<unknown>): string {
  const location = answer.headers.get('location');
  if (location === null) throw new UnexpectedAnswer('no Location', answer);
  return location;
}
