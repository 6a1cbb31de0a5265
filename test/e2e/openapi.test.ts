import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import type { ProblemBody } from '../support/servers.js';

interface Response {
  readonly description: string;
  readonly content?: Readonly<
    Record<
      string,
      { readonly schema?: unknown; readonly examples?: Readonly<Record<string, { readonly value: ProblemBody }>> }
    >
  >;
}

interface Operation {
  readonly operationId: string;
  readonly summary?: string;
  readonly description?: string;
  readonly tags: readonly string[];
  readonly security?: readonly unknown[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly schema: { readonly type?: string };
  }[];
  readonly responses: Readonly<Record<string, Response>>;
}

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, { readonly properties?: Readonly<Record<string, unknown>> }>>;
  };
}

describe('the description of the API', () => {
  let app: TestApp;
  let document: Document;
  let operations: { readonly name: string; readonly operation: Operation }[];

  beforeAll(async () => {
    app = await startApp({ untilImported: false });
    document = (await app.anonymous.get<Document>('/openapi.json')).body;
    operations = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, operation })),
    );
  });

  afterAll(async () => {
    await app.close();
  });

  /** Every object in the document, with the key that leads to it. */
  function parts(value: unknown, key = ''): { readonly key: string; readonly part: Record<string, unknown> }[] {
    if (typeof value !== 'object' || value === null) return [];
    const children = Object.entries(value).flatMap(([name, child]) =>
      name === 'example' || name === 'examples' ? [] : parts(child, name),
    );
    return Array.isArray(value) ? children : [{ key, part: value as Record<string, unknown> }, ...children];
  }

  it('names the routes of this version', () => {
    expect(operations.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'POST /auth/login',
        'POST /auth/logout',
        'GET /auth/me',
        'GET /flavors',
        'GET /images',
        'GET /networks',
        'GET /volume-types',
        'GET /servers',
        'POST /servers',
        'GET /servers/{id}',
        'DELETE /servers/{id}',
        'GET /operations',
        'GET /operations/{id}',
        'POST /floating-ips',
        'GET /network-interfaces',
        'GET /health/live',
        'GET /health/ready',
      ]),
    );
  });

  it('says of each route what it does and who may call it', () => {
    for (const { name, operation } of operations) {
      const { summary = '', description = '', tags, security } = operation;
      const isPublic = description.includes('Needs no token');
      expect([name, summary.length > 3, description.length > 40, tags]).toEqual([
        name,
        true,
        true,
        [name.split('/')[1]?.split(' ')[0]],
      ]);
      expect([name, security?.length === 0]).toEqual([name, isPublic]);
      expect([name, /the role (reader|member|admin)/.test(description)]).toEqual([name, !isPublic]);
    }
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('has an example for each code, which is what the API would answer', () => {
    for (const { name, operation } of operations) {
      const failures = Object.entries(operation.responses).filter(([status]) => Number(status) >= 400);
      const statuses = failures.map(([status]) => status);
      expect([name, statuses]).toEqual([name, expect.arrayContaining(['422', '500'])]);
      if (operation.security?.length !== 0)
        expect([name, statuses]).toEqual([name, expect.arrayContaining(['401', '503'])]);
      for (const [status, { content, description }] of failures) {
        const examples = content?.['application/problem+json']?.examples ?? {};
        expect([name, status, Object.keys(examples).join(', ')]).toEqual([name, status, description]);
        for (const [code, { value }] of Object.entries(examples)) {
          expect(value).toMatchObject({
            code,
            status: Number(status),
            message: value.detail,
            request_id: expect.any(String),
          });
        }
      }
    }
  });

  it('describes the body of each answer that has one', () => {
    for (const { name, operation } of operations) {
      const successes = Object.entries(operation.responses).filter(([status]) => Number(status) < 300);
      expect([name, successes.length > 0]).toEqual([name, true]);
      for (const [status, { content }] of successes) {
        const hasSchema = content?.['application/json']?.schema !== undefined;
        expect([name, status, hasSchema]).toEqual([name, status, status !== '204']);
      }
    }
  });

  it('is whole: every reference leads somewhere, every schema has fields with types', () => {
    for (const { part } of parts(document)) {
      const reference = part['$ref'];
      if (typeof reference !== 'string') continue;
      expect(Object.keys(document.components.schemas)).toContain(reference.replace('#/components/schemas/', ''));
    }
    for (const [name, { properties = {} }] of Object.entries(document.components.schemas)) {
      expect([name, Object.keys(properties).length > 0]).toEqual([name, true]);
      for (const [field, property] of Object.entries(properties)) {
        const { type, allOf, $ref } = property as Record<string, unknown>;
        expect([name, field, type !== undefined || allOf !== undefined || $ref !== undefined]).toEqual([
          name,
          field,
          true,
        ]);
      }
    }
  });

  it('knows that our numbers are whole and our times are times', () => {
    for (const { key, part } of parts(document)) {
      expect([key, part['type']]).not.toEqual([key, 'number']);
      if (key.endsWith('_at') && part['type'] === 'string') expect([key, part['format']]).toEqual([key, 'date-time']);
    }
  });

  it('says what may be null', () => {
    const server = document.components.schemas['ServerResponse']?.properties ?? {};
    for (const field of ['openstack_id', 'description', 'image_id', 'fault', 'operation', 'deleted_at']) {
      expect([field, server[field]]).toEqual([field, expect.objectContaining({ nullable: true })]);
    }
    expect(server['name']).not.toHaveProperty('nullable');
  });

  it('gives the same rules for fields that the API goes by', () => {
    const login = document.components.schemas['LoginRequest'];
    expect(login).toMatchObject({
      required: ['account_id', 'password'],
      properties: {
        account_id: { type: 'string', minLength: 1, maxLength: 255 },
        project_id: { type: 'integer', minimum: 1 },
      },
    });
    const list = document.paths['/servers']?.['get'];
    const limit = list?.parameters?.find(({ name }) => name === 'limit');
    expect(limit).toMatchObject({
      in: 'query',
      required: false,
      schema: { type: 'integer', minimum: 1, maximum: 200 },
    });
  });

  it('is shown at /docs from this machine alone', async () => {
    const page = await app.anonymous.get<string>('/docs');
    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'");
    const links = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link]) => link ?? '');
    expect(links.length).toBeGreaterThan(3);
    for (const link of links) {
      const { origin, pathname } = new URL(link, `${app.url}/docs`);
      expect(origin).toBe(new URL(app.url).origin);
      expect([pathname, (await app.anonymous.get(pathname)).status]).toEqual([pathname, 200]);
    }
  });

  it('can be switched off (A20)', async () => {
    const hidden = await startApp({
      settings: { DOCS: 'false' },
      simulator: app.simulator,
      schema: app.schema,
      untilImported: false,
    });
    try {
      for (const path of ['/docs', '/openapi.json', '/docs/swagger-ui.css']) {
        expect([path, (await hidden.anonymous.get(path)).status]).toEqual([path, 404]);
      }
    } finally {
      await hidden.close();
    }
  });
});
