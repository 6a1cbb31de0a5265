import { Param, type PipeTransform } from '@nestjs/common';
import { ValidationFailed } from './errors.js';
import { idMessage, parseId } from './fields.js';

class IdPipe implements PipeTransform<unknown, number> {
  constructor(private readonly name: string) {}

  transform(value: unknown): number {
    const id = parseId(value);
    if (id === null) throw new ValidationFailed([{ field: this.name, in: 'path', message: idMessage, type: 'id' }]);
    return id;
  }
}

/** An id of ours in the path: digits only, 1 … 2^53−1. */
export function IdParam(name = 'id'): ParameterDecorator {
  return Param(name, new IdPipe(name));
}
