import { Injectable, type ArgumentMetadata, type PipeTransform } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { validateSync, type ValidationError } from 'class-validator';
import { isRepeatable } from './fields.js';
import { ValidationFailed, type FieldError, type RequestPart } from './errors.js';

const maxErrors = 50;
const parts = { body: 'body', query: 'query', param: 'path' } as const;
const unknown = { message: 'is not known here', type: 'unknown' } as const;
const primitives = new Set<unknown>([String, Number, Boolean, Array, Object, Date]);

/**
 * Makes the DTO that a handler declares out of body, query or path; what has no DTO passes unchanged. Nothing is converted that a
 * field does not ask for, and nothing is left that it does not declare.
 *
 * @throws ValidationFailed naming every field that is wrong, at most 50.
 */
@Injectable()
export class RequestPipe implements PipeTransform {
  transform(value: unknown, { type, metatype }: ArgumentMetadata): unknown {
    if (type === 'custom' || !isDto(metatype)) return value;
    const part = parts[type];
    const refuse = (errors: readonly FieldError[]): never => {
      throw new ValidationFailed(errors.slice(0, maxErrors).map((error) => ({ ...error, in: part })));
    };
    // A request without a body has none of its fields; a body that says null is no object.
    const plain = value === undefined ? {} : value;
    if (!isPlainObject(plain)) return refuse([{ field: '', message: 'must be a JSON object', type: 'object' }]);
    const broken = firstBrokenText(plain, '');
    if (broken !== null) return refuse([broken]);
    const inherited = inheritedFields(plain, '');
    if (inherited.length > 0) return refuse(inherited.map((field) => ({ field, ...unknown })));
    const instance = plainToInstance(metatype, { ...plain });
    const errors = validateSync(instance, {
      whitelist: true,
      forbidNonWhitelisted: true,
      forbidUnknownValues: false,
      validationError: { target: false },
    });
    if (errors.length === 0) return instance;
    return refuse(
      errors.flatMap((error) => (part === 'query' ? parameterErrors(error, instance) : fieldErrors(error, ''))),
    );
  }
}

export function unknownField(field: string, part: RequestPart): FieldError {
  return { field, in: part, ...unknown };
}

/** What stands several times comes as a list, about which no check of a single value has anything useful to say. */
function parameterErrors(error: ValidationError, query: object): FieldError[] {
  const { property: field, constraints = {} } = error;
  const isKnown = !('whitelistValidation' in constraints);
  return isKnown && Array.isArray(error.value) && !isRepeatable(query, field)
    ? [{ field, message: 'must be given once only', type: 'repeated' }]
    : fieldErrors(error, '');
}

/** Of a field that is wrong itself nothing inside is looked at: class-validator would speak of it in words of its own. */
function fieldErrors({ property, constraints = {}, children = [] }: ValidationError, prefix: string): FieldError[] {
  const field = `${prefix}${property}`;
  if ('whitelistValidation' in constraints) return [{ field, ...unknown }];
  const [, type, entry, message] = /^(\w+)\|(\d*)\|(.*)$/s.exec(constraints['field'] ?? '') ?? [];
  if (type === undefined || message === undefined) return children.flatMap((child) => fieldErrors(child, `${field}.`));
  return [{ field: entry === '' ? field : `${field}.${String(entry)}`, message, type }];
}

function isDto(metatype: unknown): metatype is new () => object {
  return typeof metatype === 'function' && !primitives.has(metatype);
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Half of a surrogate pair is no text: it cannot be stored, and would come back as another one. */
function firstBrokenText(value: unknown, field: string): FieldError | null {
  if (typeof value === 'string') {
    return /\p{Surrogate}/u.test(value) ? { field, message: 'must be valid Unicode', type: 'unicode' } : null;
  }
  if (typeof value === 'number') {
    return Number.isFinite(value) ? null : { field, message: 'is too large a number', type: 'number' };
  }
  if (typeof value !== 'object' || value === null) return null;
  for (const [key, child] of Object.entries(value)) {
    const path = field === '' ? key : `${field}.${key}`;
    if (/\p{Surrogate}/u.test(key)) return { field, message: 'must have keys of valid Unicode only', type: 'unicode' };
    const broken = firstBrokenText(child, path);
    if (broken !== null) return broken;
  }
  return null;
}

/** Fields named like what every object has (`toString`): class-transformer leaves them out instead of letting them be refused. */
function inheritedFields(value: unknown, prefix: string): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) => {
    const field = `${prefix}${key}`;
    return key in Object.prototype ? [field] : inheritedFields(child, `${field}.`);
  });
}
