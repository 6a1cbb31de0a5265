import { applyDecorators, createParamDecorator, SetMetadata, type ExecutionContext } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { entityTag, isMatched, tagsOf } from './entity-tag.js';
import { DomainError, type ErrorDetails } from './errors.js';

/** 412: the resource is not what the client had seen. */
export class PreconditionFailed extends DomainError {
  readonly kind = 'precondition';
  readonly code = 'PRECONDITION_FAILED';

  constructor(
    message = 'The resource has changed since it was read; read it again and decide anew',
    details: ErrorDetails = {},
  ) {
    super(message, details);
  }
}

/** 412 as well: what holds no tag is equal to none, whatever the resource is like. */
function unreadable(): PreconditionFailed {
  const message = 'must be the ETag of an earlier answer, with its double quotes, or *';
  return new PreconditionFailed(`If-Match: ${message}`, {
    errors: [{ field: 'If-Match', in: 'header', message, type: 'format' }],
  });
}

/** What If-Match demands of a resource before it is changed. */
export class Precondition<Details> {
  constructor(
    /** Null: nothing is demanded. */
    private readonly tags: readonly string[] | null,
    private readonly represent: (details: Details) => object,
  ) {}

  /**
   * To be asked in the transaction that changes the resource, once its row is locked. `find` reads it as an answer would show
   * it, and runs only when something is demanded.
   *
   * @throws PreconditionFailed
   */
  async require(find: () => Promise<Details | null>): Promise<void> {
    if (this.tags === null) return;
    if (this.tags.length === 0) throw unreadable();
    const details = await find();
    if (details === null || !isMatched(this.tags, entityTag(this.represent(details)))) throw new PreconditionFailed();
  }
}

const taggedMetadata = 'tagged';
/** Where the description of the API keeps that an answer without an id has an entity tag until `openapi.ts` says so. */
export const taggedExtension = 'x-tagged';

/** The answer is a resource of which there is but one: it has no id, and an entity tag all the same. */
export function Tagged(): MethodDecorator {
  return applyDecorators(SetMetadata(taggedMetadata, true), ApiExtension(taggedExtension, true));
}

export function isTagged(handler: object): boolean {
  return Reflect.getMetadata(taggedMetadata, handler) === true;
}

/** A class whose instances show a resource. */
interface Representation<Details> {
  from(details: Details): object;
}

/** Where the description of the API keeps that a route takes If-Match until `openapi.ts` says so. */
export const conditionalExtension = 'x-conditional';

const fromHeader = createParamDecorator(
  (represent: (details: never) => object, context: ExecutionContext) => {
    const header = context.switchToHttp().getRequest<FastifyRequest>().headers['if-match'];
    return new Precondition(header === undefined ? null : tagsOf(header), represent);
  },
  [
    (target, key) => {
      if (key === undefined) return;
      const method = Object.getOwnPropertyDescriptor(target, key);
      if (method !== undefined) ApiExtension(conditionalExtension, true)(target, key, method);
    },
  ],
);

/** The route's `Precondition<Details>`; `response` is the class that shows the resource. */
export function IfMatch<Details>(response: Representation<Details>): ParameterDecorator {
  return fromHeader((details: Details) => response.from(details));
}
