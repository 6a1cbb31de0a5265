import { Injectable, type ArgumentMetadata, type PipeTransform } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { validateSync, type ValidationError } from 'class-validator';
import { ValidationFailed, type FieldError } from './errors.js';

const maxErrors = 50;
const primitives = new Set<unknown>([String, Number, Boolean, Array, Object, Date]);
const neverFields = new Set(['__proto__', 'constructor', 'prototype']);

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
    const plain = value ?? {};
    if (!isPlainObject(plain))
      throw new ValidationFailed([{ field: '', message: 'must be a JSON object', type: 'object' }]);
    const broken = firstBrokenText(plain, '');
    if (broken !== null) throw new ValidationFailed([broken]);
    const never = Object.keys(plain).filter((key) => neverFields.has(key));
    if (never.length > 0) throw new ValidationFailed(never.map(unknownField));
    const instance = plainToInstance(metatype, { ...plain });
    const errors = validateSync(instance, {
      whitelist: true,
      forbidNonWhitelisted: true,
      forbidUnknownValues: false,
      validationError: { target: false },
    });
    if (errors.length > 0)
      throw new ValidationFailed(errors.flatMap((error) => fieldErrors(error, '')).slice(0, maxErrors));
    return instance;
  }
}

export function unknownField(field: string): FieldError {
  return { field, message: 'is not known here', type: 'unknown' };
}

function fieldErrors(error: ValidationError, prefix: string): FieldError[] {
  const field = `${prefix}${error.property}`;
  const own = Object.entries(error.constraints ?? {}).map(([type, message]): FieldError => {
    if (type === 'whitelistValidation') return unknownField(field);
    const separator = message.indexOf('|');
    return separator < 0
      ? { field, message: message.replace(`${error.property} `, ''), type }
      : { field, message: message.slice(separator + 1), type: message.slice(0, separator) };
  });
  const nested = (error.children ?? []).flatMap((child) => fieldErrors(child, `${field}.`));
  // Something that is no object at all also fails to be valid inside; one of the two is enough.
  const meaningful = own.length > 1 ? own.filter(({ type }) => type !== 'nestedValidation') : own;
  return [...meaningful, ...nested];
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
    const broken = firstBrokenText(key, 'a key') ?? firstBrokenText(child, path);
    if (broken !== null) return broken;
  }
  return null;
}
