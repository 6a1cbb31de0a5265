import { applyDecorators } from '@nestjs/common';
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import { ValidateBy, ValidateIf, ValidateNested } from 'class-validator';

/** What is wrong with a value; `type` is a stable word, `entry` the index in a list where one entry is at fault. Null: nothing. */
type Check = (value: unknown) => { readonly type: string; readonly message: string; readonly entry?: number } | null;

/** Description and example may stand in the doc comment of the field instead. */
export interface FieldOptions {
  /** May be left out. */
  readonly optional?: boolean;
  /** May be null. */
  readonly nullable?: boolean;
  readonly description?: string;
  readonly example?: unknown;
}

interface Field {
  readonly check: Check;
  readonly api: Record<string, unknown>;
  /** Applied to what was given, before it is checked. */
  readonly convert?: (value: unknown) => unknown;
}

const required: Check = (value) => (value === undefined ? { type: 'required', message: 'must be given' } : null);
const wrong = (type: string, message: string) => ({ type, message });

function field(options: FieldOptions, { check, api, convert }: Field): PropertyDecorator {
  const { optional = false, nullable = false, description, example } = options;
  const whole: Check = (value) => (value === null && nullable ? null : (required(value) ?? check(value)));
  const property = {
    ...api,
    ...(nullable ? { nullable } : {}),
    required: !optional,
    ...(description === undefined ? {} : { description }),
    ...(example === undefined ? {} : { example }),
  };
  return applyDecorators(
    ApiProperty(property satisfies ApiPropertyOptions),
    ...(convert === undefined ? [] : [Transform(({ value }: { value: unknown }) => convert(value))]),
    ...(optional ? [ValidateIf((_object: object, value: unknown) => value !== undefined)] : []),
    ValidateBy({
      name: 'field',
      validator: {
        validate: (value) => whole(value) === null,
        defaultMessage: (args) => {
          const problem = whole(args?.value);
          return problem === null ? '' : `${problem.type}|${String(problem.entry ?? '')}|${problem.message}`;
        },
      },
    }),
  );
}

const text: Check = (value) => (typeof value === 'string' ? null : wrong('string', 'must be a string'));

function length(value: unknown, min: number, max: number): ReturnType<Check> {
  const count = typeof value === 'string' ? [...value].length : 0;
  return count >= min && count <= max
    ? null
    : wrong(
        'length',
        min === 0
          ? `must have at most ${String(max)} characters`
          : `must have ${String(min)} to ${String(max)} characters`,
      );
}

function bytes(value: unknown, max: number): ReturnType<Check> {
  return typeof value === 'string' && Buffer.byteLength(value) > max
    ? wrong('bytes', `must have at most ${String(max)} bytes of UTF-8`)
    : null;
}

const visible: Check = (value) => {
  if (typeof value !== 'string') return null;
  if (/\p{Cc}/u.test(value)) return wrong('control_character', 'must not contain control characters');
  if (/[\u202A-\u202E\u2066-\u2069]/.test(value))
    return wrong('bidi_control', 'must not contain bidirectional controls');
  return null;
};

const edges: Check = (value) =>
  typeof value === 'string' && /^[\p{White_Space}]|[\p{White_Space}]$/u.test(value)
    ? wrong('edge_white_space', 'must not begin or end with white space')
    : null;

const toNfc = (value: unknown): unknown => (typeof value === 'string' ? value.normalize('NFC') : value);

/** A name as people give it: NFC, 1 to 255 code points, nothing invisible, no white space at the edges. */
export function Name(options: FieldOptions & { readonly min?: number; readonly max?: number } = {}): PropertyDecorator {
  const { min = 1, max = 255 } = options;
  return field(
    { ...options },
    {
      convert: toNfc,
      check: (value) => text(value) ?? length(value, min, max) ?? visible(value) ?? edges(value),
      api: { type: 'string', minLength: min, maxLength: max },
    },
  );
}

/** Null or up to 255 code points; may be left out. Line breaks and tabs are text, other control characters are not. */
export function Description(options: FieldOptions = {}): PropertyDecorator {
  return field(
    { optional: true, nullable: true, ...options },
    {
      convert: toNfc,
      check: (value) =>
        text(value) ??
        length(value, 0, 255) ??
        visible(typeof value === 'string' ? value.replace(/[\t\n\r]/g, '') : value),
      api: { type: 'string', maxLength: 255 },
    },
  );
}

const uuidPattern = '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$';
const openstackIdPattern = '^[A-Za-z0-9._:-]{1,255}$';

/** An id of OpenStack's that need not be a UUID, e.g. a flavor's. */
export function OpenStackId(options: FieldOptions = {}): PropertyDecorator {
  return field(
    { ...options },
    {
      check: (value) =>
        text(value) ?? pattern(value, openstackIdPattern, 'must be 1 to 255 letters, digits, ".", "_", ":" or "-"'),
      api: { type: 'string', pattern: openstackIdPattern },
    },
  );
}

/** An id of OpenStack's where it has a UUID; capitals are made small. */
export function Uuid(options: FieldOptions = {}): PropertyDecorator {
  return field(
    { ...options },
    {
      convert: (value) => (typeof value === 'string' ? value.toLowerCase() : value),
      check: (value) => text(value) ?? pattern(value, uuidPattern, 'must be a UUID'),
      api: { type: 'string', format: 'uuid' },
    },
  );
}

function pattern(value: unknown, regex: string, message: string): ReturnType<Check> {
  return typeof value === 'string' && new RegExp(regex).test(value) ? null : wrong('format', message);
}

/** Any text, for fields with a meaning of their own. Lengths are code points. */
export function Text(
  options: FieldOptions & {
    readonly min?: number;
    readonly max: number;
    /** In UTF-8. */
    readonly maxBytes?: number;
    /** Without control characters. */
    readonly isVisible?: boolean;
    readonly format?: string;
  },
): PropertyDecorator {
  const { min = 0, max, maxBytes = Infinity, isVisible = false, format, ...rest } = options;
  return field(rest, {
    check: (value) =>
      text(value) ?? length(value, min, max) ?? bytes(value, maxBytes) ?? (isVisible ? visible(value) : null),
    api: { type: 'string', minLength: min, maxLength: max, ...(format === undefined ? {} : { format }) },
  });
}

/** One of these words. A refusal names `named` alone, where the other words are refused later, for a reason of their own. */
export function OneOf(
  words: readonly string[],
  { named = words, ...options }: FieldOptions & { readonly named?: readonly string[] } = {},
): PropertyDecorator {
  return field(options, {
    check: (value) =>
      typeof value === 'string' && words.includes(value) ? null : wrong('enum', `must be one of ${named.join(', ')}`),
    api: { type: 'string', enum: [...words] },
  });
}

/** Some of these words, at least one; none twice. */
export function SomeOf(words: readonly string[], options: FieldOptions = {}): PropertyDecorator {
  return field(options, {
    check: (value) => {
      if (!Array.isArray(value)) return wrong('array', 'must be a list');
      if (value.length === 0) return wrong('min_items', 'must have at least 1 entry');
      if (value.some((word) => !words.includes(String(word))))
        return wrong('enum', `must hold only ${words.join(', ')}`);
      return new Set(value).size === value.length ? null : wrong('unique', 'must not name a word twice');
    },
    api: { type: 'array', items: { type: 'string', enum: [...words] }, minItems: 1, uniqueItems: true },
  });
}

/** A whole number in JSON; `"10"` is none. */
export function Integer(options: FieldOptions & { readonly min: number; readonly max: number }): PropertyDecorator {
  const { min, max, ...rest } = options;
  return field(rest, {
    check: (value) => integer(value, min, max),
    api: { type: 'integer', minimum: min, maximum: max },
  });
}

function integer(value: unknown, min: number, max: number): ReturnType<Check> {
  if (!Number.isSafeInteger(value)) return wrong('integer', 'must be a whole number');
  const number = Number(value);
  if (number < min) return wrong('min', `must be at least ${String(min)}`);
  return number > max ? wrong('max', `must be at most ${String(max)}`) : null;
}

/** GiB. */
export function Size(options: FieldOptions = {}): PropertyDecorator {
  return Integer({ ...options, min: 1, max: 65_536 });
}

function entries(count: number): string {
  return count === 1 ? '1 entry' : `${String(count)} entries`;
}

/** One of our ids, in JSON. */
export function Id(options: FieldOptions = {}): PropertyDecorator {
  return Integer({ ...options, min: 1, max: Number.MAX_SAFE_INTEGER });
}

/** Some of our ids, in JSON; none twice. */
export function Ids(
  options: FieldOptions & { readonly minItems?: number; readonly maxItems?: number } = {},
): PropertyDecorator {
  const { minItems = 0, maxItems = 100, ...rest } = options;
  return field(
    { ...rest },
    {
      check: (value) => {
        if (!Array.isArray(value)) return wrong('array', 'must be a list of ids');
        if (value.length < minItems) return wrong('min_items', `must have at least ${entries(minItems)}`);
        if (value.length > maxItems) return wrong('max_items', `must have at most ${entries(maxItems)}`);
        const index = value.findIndex((id) => integer(id, 1, Number.MAX_SAFE_INTEGER) !== null);
        if (index >= 0) return wrong('id', `must hold ids only; entry ${String(index)} ${idMessage}`);
        return new Set(value).size === value.length ? null : wrong('unique', 'must not name an id twice');
      },
      api: {
        type: 'array',
        items: { type: 'integer', minimum: 1 },
        ...(minItems === 0 ? {} : { minItems }),
        maxItems,
        uniqueItems: true,
      },
    },
  );
}

export function Flag(options: FieldOptions = {}): PropertyDecorator {
  return field(options, {
    check: (value) => (typeof value === 'boolean' ? null : wrong('boolean', 'must be true or false')),
    api: { type: 'boolean' },
  });
}

/** An object with fields of its own. */
export function Nested(type: () => new () => object, options: FieldOptions = {}): PropertyDecorator {
  const { optional = false, nullable = false, description } = options;
  const described = description === undefined ? {} : { description };
  return applyDecorators(
    field(options, {
      check: (value) => (isObject(value) ? null : wrong('object', 'must be an object')),
      api: {},
    }),
    // Swagger tells a function that gives the type from a class by its name: `type`.
    ApiProperty({ type: () => type(), required: !optional, ...(nullable ? { nullable } : {}), ...described }),
    Type(type),
    ValidateNested(),
  );
}

/** A list of objects with fields of their own. */
export function NestedList(
  type: () => new () => object,
  options: FieldOptions & { readonly maxItems: number },
): PropertyDecorator {
  const { optional = false, description, maxItems } = options;
  const described = description === undefined ? {} : { description };
  return applyDecorators(
    field(options, {
      check: (value) => {
        if (!Array.isArray(value)) return wrong('array', 'must be a list');
        if (value.length > maxItems) return wrong('max_items', `must have at most ${entries(maxItems)}`);
        const entry = value.findIndex((one) => !isObject(one));
        return entry < 0 ? null : { ...wrong('object', 'must be an object'), entry };
      },
      api: {},
    }),
    ApiProperty({ type: () => [type()], maxItems, required: !optional, ...described }),
    Type(type),
    ValidateNested({ each: true }),
  );
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// ---- in a query everything is text ----

/** Digits only, without a sign, a point or an exponent; null for anything else, and for what a number cannot hold exactly. */
export function parseId(value: unknown): number | null {
  const number = parseDigits(value);
  return number !== null && number >= 1 ? number : null;
}

function parseDigits(value: unknown): number | null {
  if (typeof value !== 'string' || !/^\d{1,16}$/.test(value)) return null;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : null;
}

export const idMessage = 'must be a whole number from 1 to 9007199254740991';

export function QueryInteger(
  options: FieldOptions & { readonly min: number; readonly max: number },
): PropertyDecorator {
  const { min, max, ...rest } = options;
  return field(
    { optional: true, ...rest },
    {
      convert: (value) => parseDigits(value) ?? value,
      check: (value) =>
        typeof value === 'number'
          ? integer(value, min, max)
          : wrong('integer', `must be a whole number from ${String(min)} to ${String(max)}, in digits only`),
      api: { type: 'integer', minimum: min, maximum: max },
    },
  );
}

export function QueryId(options: FieldOptions = {}): PropertyDecorator {
  return field(
    { optional: true, ...options },
    {
      convert: (value) => parseId(value) ?? value,
      check: (value) => (typeof value === 'number' ? null : wrong('id', idMessage)),
      api: { type: 'integer', minimum: 1 },
    },
  );
}

/** A name, or a part of one, that is looked for: put into NFC, as names are. */
export function QueryName(options: FieldOptions = {}): PropertyDecorator {
  return field(
    { optional: true, ...options },
    {
      convert: toNfc,
      check: (value) => text(value) ?? length(value, 1, 255) ?? visible(value),
      api: { type: 'string', minLength: 1, maxLength: 255 },
    },
  );
}

const repeatableMetadata = 'repeatable';

/** Whether a parameter of this query may stand several times. */
export function isRepeatable(query: object, name: string): boolean {
  return Reflect.getMetadata(repeatableMetadata, query, name) === true;
}

/** A parameter that may stand several times: `?id=1&id=2`. */
export function QueryIds(options: FieldOptions = {}): PropertyDecorator {
  const decorator = field(
    { optional: true, ...options },
    {
      convert: (value) => (Array.isArray(value) ? value : [value]).map((id: unknown) => parseId(id) ?? id),
      check: (value) => {
        if (!Array.isArray(value) || value.some((id) => typeof id !== 'number')) return wrong('id', idMessage);
        return value.length > 1000 ? wrong('max_items', 'must stand at most 1000 times') : null;
      },
      api: { type: 'array', items: { type: 'integer', minimum: 1 }, maxItems: 1000 },
    },
  );
  return applyDecorators(decorator, (query: object, name: string | symbol) => {
    Reflect.defineMetadata(repeatableMetadata, true, query, name);
  });
}

/** A time of ISO 8601 with its zone; the DTO holds a Date. */
export function QueryTime(options: FieldOptions = {}): PropertyDecorator {
  return field(
    { optional: true, ...options },
    {
      convert: (value) => parseTime(value) ?? value,
      check: (value) =>
        value instanceof Date ? null : wrong('time', 'must be a time such as 2026-11-24T09:30:00.000Z'),
      api: { type: 'string', format: 'date-time' },
    },
  );
}

/** MySQL's DATETIME knows the years 1000 to 9999. */
function parseTime(value: unknown): Date | null {
  const pattern = /^[1-9]\d{3}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/;
  if (typeof value !== 'string' || !pattern.test(value)) return null;
  const time = new Date(value);
  return Number.isNaN(time.getTime()) || time.getUTCFullYear() > 9_999 ? null : time;
}

export function QueryFlag(options: FieldOptions = {}): PropertyDecorator {
  return field(
    { optional: true, ...options },
    {
      convert: (value) => (value === 'true' ? true : value === 'false' ? false : value),
      check: (value) => (typeof value === 'boolean' ? null : wrong('boolean', 'must be true or false')),
      api: { type: 'boolean' },
    },
  );
}
