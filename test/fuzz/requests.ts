import type { SeededRandom } from '../crash/seeded-random.js';
import { jsonText } from './json-text.js';
import {
  junk,
  oddAuthorizations,
  oddBodies,
  oddContentTypes,
  oddHeaders,
  oddIds,
  oddQueries,
  oddTexts,
} from './junk.js';
import type { Known } from './known.js';
import { resolved, type FuzzDocument, type Operation, type Schema } from './operations.js';

export type Role = 'nobody' | 'reader' | 'member' | 'admin';

export interface FuzzRequest {
  readonly operation: Operation;
  readonly role: Role;
  /** With the query; as it goes over the wire. */
  readonly target: string;
  /** Whether the path is the operation's, whatever the ids in it. */
  readonly isRouted: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer | null;
  /** Over the time that every answer may take: what the request itself asks us to wait. */
  readonly mayWaitMs: number;
}

/** How long a change may wait for OpenStack when it was not asked to answer at once; the default of SYNC_WAIT_MS. */
const syncWaitMs = 8_000;

/** Makes requests of one description, valid and broken ones; each of its own draws alone and of what is known. */
export class Requests {
  constructor(
    private readonly document: FuzzDocument,
    private readonly operations: readonly Operation[],
    private readonly known: Known,
  ) {}

  make(random: SeededRandom): FuzzRequest {
    const operation = random.pick(this.operations);
    if (operation === undefined) throw new Error('the description has no operation');
    const isValid = random.next() < 0.5;
    const role = this.role(random, operation);
    const routed = this.path(random, operation, isValid);
    const path = isValid ? routed : bent(random, routed);
    const query = this.query(random, operation, isValid);
    const target = query === '' ? path : `${path}?${query}`;
    const headers: Record<string, string> = {};
    const answersAtOnce = random.next() < 0.85;
    if (answersAtOnce && operation.method !== 'GET') headers['prefer'] = 'respond-async';
    if (random.next() < 0.1) headers['idempotency-key'] = `key-${String(Math.floor(random.next() * 200))}`;
    if (random.next() < 0.05) headers['if-match'] = random.pick(this.known.etags) ?? '"x"';
    if (random.next() < 0.05) headers['if-none-match'] = random.pick(this.known.etags) ?? '"x"';
    const body = this.body(random, operation, isValid);
    if (body !== null) headers['content-type'] = 'application/json';
    if (!isValid && random.next() < 0.15) this.spoil(random, headers, body !== null);
    if (role === 'nobody' && random.next() < 0.5) headers['authorization'] = random.pick(oddAuthorizations) ?? '';
    const isAsync = headers['prefer'] === 'respond-async';
    const waits = operation.method !== 'GET' && !isAsync ? syncWaitMs : 0;
    return {
      operation,
      role,
      target,
      isRouted: path === routed,
      headers,
      body,
      mayWaitMs: waits + longPollMs(operation, query),
    };
  }

  private role(random: SeededRandom, { name }: Operation): Role {
    const drawn = random.next();
    // Otherwise nobody would be logged in for long.
    if (name === 'POST /auth/logout') return drawn < 0.9 ? 'nobody' : 'reader';
    if (drawn < 0.08) return 'nobody';
    if (drawn < 0.25) return 'reader';
    return drawn < 0.8 ? 'member' : 'admin';
  }

  private path(random: SeededRandom, { template }: Operation, isValid: boolean): string {
    return template.replace(/\{([a-z_]+)\}/g, (_whole, name: string) => {
      const id = this.known.idInPath(random, template, name);
      const isOdd = random.next() < (isValid ? 0.02 : 0.2);
      const odd = random.pick(oddIds) ?? '0';
      return isOdd ? odd : String(id ?? 1 + Math.floor(random.next() * 50));
    });
  }

  private query(random: SeededRandom, { query, template }: Operation, isValid: boolean): string {
    const parts = query.flatMap(({ name, required = false, schema }) => {
      const isGiven = random.next() < (required ? (isValid ? 1 : 0.8) : 0.2);
      const one = resolved(this.document, schema ?? {});
      const times = one.type === 'array' ? 1 + Math.floor(random.next() * 3) : 1;
      return Array.from({ length: isGiven ? times : 0 }, () => {
        const value = this.value(random, one.type === 'array' ? (one.items ?? {}) : one, { name, template });
        const isOdd = !isValid && random.next() < 0.3;
        const text = isOdd ? (random.pick(oddTexts) ?? '') : String(value);
        return `${name}=${encode(text)}`;
      });
    });
    if (!isValid && random.next() < 0.25) parts.push(random.pick(oddQueries) ?? '');
    return parts.join('&');
  }

  private body(random: SeededRandom, { body, template, method }: Operation, isValid: boolean): string | Buffer | null {
    if (body === null) {
      const isOdd = !isValid && method !== 'GET' && random.next() < 0.1;
      return isOdd ? (random.pick(oddBodies) ?? null) : null;
    }
    if (!isValid && random.next() < 0.12) return random.pick(oddBodies) ?? null;
    if (!isValid && random.next() < 0.03) return null;
    const value = this.value(random, body, { name: '', template });
    if (isValid) return jsonText(value);
    const changes = 1 + Math.floor(random.next() * 2);
    let broken = value;
    for (let done = 0; done < changes; done += 1) broken = breakSomewhere(random, broken);
    const text = jsonText(broken);
    return random.next() < 0.03 ? text.slice(0, Math.floor(random.next() * text.length)) : text;
  }

  /** One that fits the schema, as far as the schema tells. */
  private value(
    random: SeededRandom,
    given: Schema,
    at: { readonly name: string; readonly template: string },
  ): unknown {
    const schema = resolved(this.document, given);
    if (schema.nullable === true && random.next() < 0.1) return null;
    if (schema.enum !== undefined) return random.pick(schema.enum);
    if (schema.type === 'object' || schema.properties !== undefined) {
      const { properties = {}, required = [] } = schema;
      return Object.fromEntries(
        Object.entries(properties).flatMap(([name, property]) => {
          const isGiven = required.includes(name) || random.next() < 0.4;
          return isGiven ? [[name, this.value(random, property, { ...at, name })] as const] : [];
        }),
      );
    }
    if (schema.type === 'array') {
      const most = Math.min(schema.maxItems ?? 4, 4);
      const items = Array.from({ length: Math.floor(random.next() * (most + 1)) }, () =>
        this.value(random, schema.items ?? {}, at),
      );
      return at.name.endsWith('ids') ? [...new Set(items)] : items;
    }
    const known = this.known.valueFor(random, at.name, at.template);
    if (known !== undefined && random.next() < 0.95) return known;
    return plainValue(random, schema);
  }

  private spoil(random: SeededRandom, headers: Record<string, string>, hasBody: boolean): void {
    if (hasBody && random.next() < 0.4) {
      headers['content-type'] = random.pick(oddContentTypes) ?? '';
      return;
    }
    const [name, value] = random.pick(oddHeaders) ?? ['x-odd', ''];
    headers[name] = value;
  }
}

function plainValue(
  random: SeededRandom,
  { type, minimum = 1, maximum, minLength = 0, maxLength = 40 }: Schema,
): unknown {
  if (type === 'boolean') return random.next() < 0.5;
  if (type === 'integer') {
    const drawn = random.next();
    if (drawn < 0.1) return minimum;
    if (drawn < 0.15 && maximum !== undefined) return maximum;
    return minimum + Math.floor(random.next() * Math.min(8, (maximum ?? 8) - minimum + 1));
  }
  const length = minLength + Math.floor(random.next() * (Math.min(maxLength, 20) - Math.min(minLength, 20) + 1));
  return random.next() < 0.2 ? random.pick(oddTexts) : 'f'.repeat(Math.max(1, length));
}

/** Now and then a path that is nearly the right one. */
function bent(random: SeededRandom, path: string): string {
  const drawn = random.next();
  if (drawn < 0.02) return `${path}/`;
  if (drawn < 0.04) return path.toUpperCase();
  return drawn < 0.05 ? `/${path}` : path;
}

/** Puts something else into one place: another value, nothing at all, or one key more. */
function breakSomewhere(random: SeededRandom, value: unknown): unknown {
  const drawn = random.next();
  if (Array.isArray(value) && value.length > 0 && drawn < 0.8) {
    const index = Math.floor(random.next() * value.length);
    return value.map((item: unknown, at) => (at === index ? breakSomewhere(random, item) : item));
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value) || drawn < 0.03) return junk(random);
  const entries = Object.entries(value);
  const [key] = random.pick(entries) ?? [''];
  if (drawn < 0.2) {
    const extra = random.pick([
      'id',
      'project_id',
      'status',
      'openstack_id',
      'role',
      'is_admin',
      'deleted_at',
      'version',
      '$',
      '',
    ]);
    return { ...value, [extra ?? 'x']: junk(random) };
  }
  if (drawn < 0.35) return Object.fromEntries(entries.filter(([name]) => name !== key));
  return Object.fromEntries(
    entries.map(([name, child]) => [name, name === key ? breakSomewhere(random, child) : child]),
  );
}

/** Half a surrogate pair cannot be encoded, so it goes as the bytes that it would have. */
function encode(text: string): string {
  return text.isWellFormed() ? encodeURIComponent(text) : '%ED%A0%80';
}

function longPollMs({ name }: Operation, query: string): number {
  if (name !== 'GET /operations/{id}') return 0;
  const [, seconds] = /(?:^|&)wait=(\d{1,2})(?:&|$)/.exec(query) ?? [];
  return Number(seconds ?? 0) * 1_000;
}
