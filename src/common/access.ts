import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiBearerAuth, ApiExtension } from '@nestjs/swagger';
import type { Role } from './principal.js';

/** `public`: no token is looked at. Otherwise the smallest role that may call the route. */
export type AccessLevel = Role | 'public';

export const accessMetadata = 'access-level';
/** Where the description of the API keeps the level until `openapi.ts` turns it into words. */
export const accessExtension = 'x-access';

/** For everybody, without a token. */
export function Public(): MethodDecorator & ClassDecorator {
  return level('public');
}

/** For those who have at least this role in the project of their token. A route with neither decorator stops the start. */
export function Access(role: Role): MethodDecorator & ClassDecorator {
  return applyDecorators(level(role), ApiBearerAuth());
}

function level(value: AccessLevel): MethodDecorator & ClassDecorator {
  return applyDecorators(SetMetadata(accessMetadata, value), ApiExtension(accessExtension, value));
}

const ranks = { reader: 1, member: 2, admin: 3 } as const satisfies Record<Role, number>;

export function hasRole(has: Role, needed: Role): boolean {
  return ranks[has] >= ranks[needed];
}
