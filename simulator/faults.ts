import { randomUUID } from 'node:crypto';
import { isRecord, type Json } from './json.js';
import { services, type Service } from './wire.js';

/**
 * What happens to a request that matches.
 *
 * - `respond` (the default with a `status`): answers, nothing is done
 * - `respond-after`: does it, then answers with `status` and `body`
 * - `refuse`: ends the connection without reading the request
 * - `reset-before`, `reset-after`: reads the request, then cuts the connection before or after doing it
 * - `hang`, `hang-after`: never answers, and does nothing, or does it
 * - `late-commit`: never answers, and does it after `delay_ms`
 * - `truncate`, `malformed`, `html`: does it, then spoils the body
 * - `redirect`: 302 to `headers.location`, nothing is done
 */
export const faultActions = [
  'respond',
  'respond-after',
  'refuse',
  'reset-before',
  'reset-after',
  'hang',
  'hang-after',
  'late-commit',
  'truncate',
  'malformed',
  'html',
  'redirect',
] as const;

export type FaultAction = (typeof faultActions)[number];

/** One without action and status only delays. */
export interface FaultRule {
  readonly method?: string;
  /** A regular expression, looked for in the path without its query: `/compute/v2.1/servers/…`. */
  readonly path?: string;
  /** The same in the query: `marker=…` is one page of a list. */
  readonly query?: string;
  readonly service?: Service;
  readonly action?: FaultAction;
  readonly status?: number;
  readonly body?: Json | string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Of the machine's time, whatever the clock does. */
  readonly delay_ms?: number;
  /** Then the rule is spent; without it, until it is taken away. */
  readonly times?: number;
  /** 0 … 1 */
  readonly probability?: number;
  /** So many matching requests pass first. */
  readonly skip?: number;
}

export interface ListedFault extends FaultRule {
  readonly id: string;
  /** How often it struck. */
  readonly hits: number;
}

export interface Strike {
  readonly delayMs: number;
  readonly rule: (FaultRule & { readonly id: string }) | null;
}

export class WrongFault extends Error {}

/** What is looked at of a request. */
interface Struck {
  readonly service: Service;
  readonly method: string;
  readonly path: string;
  readonly query?: string;
}

interface State {
  readonly id: string;
  readonly rule: FaultRule;
  readonly pattern: RegExp | null;
  readonly queryPattern: RegExp | null;
  hits: number;
  passed: number;
}

/** Rules that spoil requests, the oldest first. All delays that match add up; of the others the first strikes. */
export class Faults {
  private states: State[] = [];
  private random = generator(1);

  /** The same seed and requests give the same faults. */
  seed(seed: number): void {
    this.random = generator(seed);
  }

  /** @throws WrongFault */
  add(rule: FaultRule): string {
    const id = randomUUID();
    const [pattern, queryPattern] = checked(rule);
    this.states.push({ id, rule, pattern, queryPattern, hits: 0, passed: 0 });
    return id;
  }

  /** The next request: `faults.next('POST /servers', 503)`. The path is the end of the whole one, `{…}` any segment. */
  next(target: string, fault: number | FaultRule): string {
    const [method = '', path = ''] = target.split(' ');
    const rule = typeof fault === 'number' ? { status: fault } : fault;
    return this.add({ method, path: pathPattern(path), times: 1, ...rule });
  }

  /** False when it is not there, or spent. */
  remove(id: string): boolean {
    const before = this.states.length;
    this.states = this.states.filter((state) => state.id !== id);
    return this.states.length < before;
  }

  clear(): void {
    this.states = [];
  }

  list(): readonly ListedFault[] {
    return this.states.map(({ id, rule, hits }) => ({ id, ...rule, hits }));
  }

  strike(request: Struck): Strike {
    let delayMs = 0;
    for (const state of this.states) {
      const { id, rule } = state;
      if (!fits(state, request) || !this.isDue(state)) continue;
      state.hits += 1;
      const isDelay = rule.action === undefined && rule.status === undefined;
      if (!isDelay) return { delayMs: delayMs + (rule.delay_ms ?? 0), rule: { id, ...rule } };
      delayMs += rule.delay_ms ?? 0;
    }
    return { delayMs, rule: null };
  }

  private isDue(state: State): boolean {
    const { skip = 0, times = Infinity, probability = 1 } = state.rule;
    if (state.hits >= times) return false;
    if (state.passed < skip) {
      state.passed += 1;
      return false;
    }
    return probability >= 1 || this.random() < probability;
  }
}

/** `/servers/{id}` as the end of a path. */
export function pathPattern(path: string): string {
  const parts = path
    .split('/')
    .map((part) => (part.startsWith('{') ? '[^/]+' : part.replace(/[.*+?^$()|[\]\\]/g, '\\$&')));
  return `${parts.join('/')}$`;
}

function fits({ rule, pattern, queryPattern }: State, request: Struck): boolean {
  return (
    (rule.service === undefined || rule.service === request.service) &&
    (rule.method === undefined || rule.method.toUpperCase() === request.method) &&
    (pattern === null || pattern.test(request.path)) &&
    (queryPattern === null || queryPattern.test(request.query ?? ''))
  );
}

function checked(rule: FaultRule): readonly [path: RegExp | null, query: RegExp | null] {
  const { action, status, service, probability = 1 } = rule;
  if (action !== undefined && !faultActions.includes(action)) throw new WrongFault(`no such action: ${action}`);
  if (service !== undefined && !services.includes(service)) throw new WrongFault(`no such service: ${service}`);
  const needsStatus = action === 'respond' || action === 'respond-after';
  if (needsStatus && status === undefined) throw new WrongFault(`${action} needs a status`);
  if (status !== undefined && !(status >= 100 && status <= 599)) throw new WrongFault('status: 100 to 599');
  if (!(probability >= 0 && probability <= 1)) throw new WrongFault('probability: 0 to 1');
  return [patternOf('path', rule.path), patternOf('query', rule.query)];
}

function patternOf(name: string, text: string | undefined): RegExp | null {
  if (text === undefined) return null;
  try {
    return new RegExp(text);
  } catch {
    throw new WrongFault(`${name} is not a regular expression: ${text}`);
  }
}

const names = [
  'method',
  'path',
  'query',
  'service',
  'action',
  'status',
  'body',
  'headers',
  'delay_ms',
  'times',
  'probability',
  'skip',
];

/** @throws WrongFault for what is no rule */
export function parseFault(body: unknown): FaultRule {
  if (!isRecord(body)) throw new WrongFault('a fault is an object');
  const unknown = Object.keys(body).filter((name) => !names.includes(name));
  if (unknown.length > 0) throw new WrongFault(`unknown: ${unknown.join(', ')}; known are ${names.join(', ')}`);
  for (const name of ['status', 'delay_ms', 'times', 'probability', 'skip']) {
    if (body[name] !== undefined && typeof body[name] !== 'number') throw new WrongFault(`${name} is a number`);
  }
  for (const name of ['method', 'path', 'query', 'service', 'action']) {
    if (body[name] !== undefined && typeof body[name] !== 'string') throw new WrongFault(`${name} is a text`);
  }
  return isRule(body) ? body : {};
}

function isRule(body: Json): body is Json & FaultRule {
  return body['headers'] === undefined || isRecord(body['headers']);
}

/** mulberry32 */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
