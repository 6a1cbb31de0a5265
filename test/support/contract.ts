import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { documentName } from '../../scripts/contract-table.js';

/** A part of the description of the API, as far as answers are checked by it. */
interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly nullable?: boolean;
  readonly enum?: readonly unknown[];
  readonly format?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly allOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly additionalProperties?: unknown;
}

interface Response {
  readonly content?: Readonly<
    Record<string, { readonly schema?: Schema; readonly examples?: Readonly<Record<string, unknown>> }>
  >;
}

interface Operation {
  readonly operationId: string;
  readonly responses: Readonly<Record<string, Response>>;
}

export interface ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation | undefined>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** One answer, as it came. */
export interface SeenAnswer {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly contentType: string;
  readonly body: unknown;
}

/** An answer that the description of the API does not allow. */
export class ContractViolation extends Error {}

/** Codes that the transport may give on every route; they are described where they can happen, and shown once. */
const everywhere = new Set(['ROUTE_NOT_FOUND', 'METHOD_NOT_ALLOWED', 'URI_TOO_LONG']);

/**
 * Holds every answer that a test gets against the description of the API: status and code documented, body of the documented
 * schema, with nothing more in it. What was seen is written down for the table of operations and codes.
 */
export class Contract {
  private readonly seen = new Set<string>();

  constructor(
    private readonly document: ApiDocument,
    /** A folder in which what was seen is collected over all processes of a run; null: nowhere. */
    private readonly records: string | null = process.env['CONTRACT_RECORDS'] ?? null,
  ) {
    if (records !== null) writeFileSync(join(records, documentName), JSON.stringify(document));
  }

  /** @throws ContractViolation */
  check(answer: SeenAnswer): void {
    const template = this.templateOf(answer.path);
    if (template === null) return;
    const operation = this.document.paths[template]?.[answer.method.toLowerCase()];
    if (operation === undefined) return;
    const code = codeOf(answer);
    if (code !== null && everywhere.has(code)) return;
    const where = `${answer.method} ${template} answered ${String(answer.status)}${code === null ? '' : ` ${code}`}`;
    const response = operation.responses[String(answer.status)];
    if (response === undefined) throw new ContractViolation(`${where}, which is not documented`);
    this.record(`${operation.operationId} ${String(answer.status)} ${code ?? '-'}`);
    if (answer.body === undefined) {
      if (response.content !== undefined) throw new ContractViolation(`${where} without a body`);
      return;
    }
    const content = response.content?.[answer.contentType];
    if (content === undefined)
      throw new ContractViolation(`${where} as ${answer.contentType}, which is not documented`);
    if (code !== null && content.examples?.[code] === undefined)
      throw new ContractViolation(`${where}; this code is not documented there`);
    const problem = this.problemOf(content.schema ?? {}, answer.body, '');
    if (problem !== null)
      throw new ContractViolation(`${where}: ${problem} in ${JSON.stringify(answer.body).slice(0, 500)}`);
  }

  private record(line: string): void {
    if (this.records === null || this.seen.has(line)) return;
    this.seen.add(line);
    appendFileSync(join(this.records, `${String(process.pid)}.txt`), `${line}\n`);
  }

  /** The path of the document that a request's path belongs to; one without parameters goes first. */
  private templateOf(path: string): string | null {
    const segments = (path.split('?', 1)[0] ?? '').split('/');
    const fitting = Object.keys(this.document.paths).filter((template) => {
      const parts = template.split('/');
      return (
        parts.length === segments.length &&
        parts.every((part, index) => (part.startsWith('{') ? segments[index] !== '' : part === segments[index]))
      );
    });
    return fitting.sort((a, b) => parameters(a) - parameters(b))[0] ?? null;
  }

  /** What is wrong with a value, or null. */
  private problemOf(schema: Schema, value: unknown, at: string): string | null {
    const name = at === '' ? 'the body' : at;
    if (value === null && schema.nullable === true) return null;
    if (schema.$ref !== undefined) {
      const target = this.document.components.schemas[schema.$ref.split('/').at(-1) ?? ''];
      return target === undefined ? `${name} has an unknown schema` : this.problemOf(target, value, at);
    }
    if (schema.allOf !== undefined) return firstOf(schema.allOf, (part) => this.problemOf(part, value, at));
    if (schema.oneOf !== undefined) {
      const problems = schema.oneOf.map((part) => this.problemOf(part, value, at));
      return problems.includes(null) ? null : (problems[0] ?? null);
    }
    if (schema.enum !== undefined && !schema.enum.includes(value)) return `${name} is ${JSON.stringify(value)}`;
    switch (schema.type) {
      case undefined:
        return null;
      case 'string':
        return typeof value === 'string' && hasFormat(value, schema.format)
          ? null
          : `${name} is ${JSON.stringify(value)}`;
      case 'integer':
        return Number.isSafeInteger(value) ? null : `${name} is ${JSON.stringify(value)}`;
      case 'boolean':
        return typeof value === 'boolean' ? null : `${name} is ${JSON.stringify(value)}`;
      case 'array':
        return Array.isArray(value)
          ? firstOf(value, (item, index) => this.problemOf(schema.items ?? {}, item, `${at}[${String(index)}]`))
          : `${name} is no list`;
      case 'object':
        return this.problemOfObject(schema, value, at);
      default:
        return `${name} has the type ${schema.type}, which this check does not know`;
    }
  }

  private problemOfObject(schema: Schema, value: unknown, at: string): string | null {
    const name = at === '' ? 'the body' : at;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return `${name} is no object`;
    const { properties = {}, required = [] } = schema;
    const missing = required.find((key) => !(key in value));
    if (missing !== undefined) return `${name} lacks ${missing}`;
    const isOpen = schema.additionalProperties !== undefined && schema.additionalProperties !== false;
    return firstOf(Object.entries(value), ([key, child]) => {
      const property = properties[key];
      if (property === undefined) return isOpen ? null : `${name} has ${key}, which is not documented`;
      return this.problemOf(property, child, at === '' ? key : `${at}.${key}`);
    });
  }
}

function codeOf({ status, body }: SeenAnswer): string | null {
  if (status < 400 || typeof body !== 'object' || body === null || !('code' in body)) return null;
  return String(body.code);
}

function parameters(template: string): number {
  return template.split('{').length;
}

function firstOf<T>(items: readonly T[], problemOf: (item: T, index: number) => string | null): string | null {
  for (const [index, item] of items.entries()) {
    const problem = problemOf(item, index);
    if (problem !== null) return problem;
  }
  return null;
}

function hasFormat(value: string, format: string | undefined): boolean {
  return format !== 'date-time' || /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value);
}

let current: Contract | null = null;

/** From now on every answer in this process is held against this description; null: against none. */
export function holdAgainst(document: ApiDocument | null): void {
  current = document === null ? null : new Contract(document);
}

/** @throws ContractViolation */
export function checkAnswer(answer: SeenAnswer): void {
  current?.check(answer);
}
