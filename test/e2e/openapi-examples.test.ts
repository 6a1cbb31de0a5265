import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';

interface Schema {
  readonly $ref?: string;
  readonly allOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly example?: unknown;
}

interface Operation {
  readonly requestBody?: {
    readonly content: {
      readonly 'application/json': {
        readonly schema: Schema;
        readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
      };
    };
  };
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

describe('the examples of request bodies', () => {
  let app: TestApp;
  let document: Document;

  beforeAll(async () => {
    app = await startApp();
    document = (await app.anonymous.get<Document>('/openapi.json')).body;
  });

  afterAll(async () => {
    await app.close();
  });

  /** What Swagger UI puts in front of who tries a request out. */
  function exampleOf(schema: Schema): unknown {
    if (schema.example !== undefined) return schema.example;
    const reference = schema.$ref ?? schema.allOf?.[0]?.$ref;
    if (reference !== undefined) {
      const named = document.components.schemas[reference.split('/').at(-1) ?? ''];
      if (named === undefined) throw new Error(`${reference} leads nowhere`);
      return exampleOf(named);
    }
    if (schema.items !== undefined) return [exampleOf(schema.items)];
    return Object.fromEntries(Object.entries(schema.properties ?? {}).map(([name, part]) => [name, exampleOf(part)]));
  }

  it('are well formed, whatever they name', async () => {
    const refused: string[] = [];
    let tried = 0;
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const [method, { requestBody }] of Object.entries(methods)) {
        const content = requestBody?.content['application/json'];
        if (content === undefined) continue;
        const bodies = Object.values(content.examples ?? {}).map(({ value }) => value);
        for (const body of bodies.length === 0 ? [exampleOf(content.schema)] : bodies) {
          const api = await app.login('admin');
          const place = path.replaceAll(/\{\w+\}/g, '1');
          const { status, body: answer } = await (method === 'put' ? api.put(place, body) : api.post(place, body));
          tried += 1;
          if ([400, 415, 422].includes(status))
            refused.push(`${method} ${path}: ${JSON.stringify(body)}: ${JSON.stringify(answer)}`);
        }
      }
    }
    expect(refused).toEqual([]);
    expect(tried).toBeGreaterThanOrEqual(20);
  });
});
