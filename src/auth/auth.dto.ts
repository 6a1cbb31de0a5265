import { Id, Text } from '../common/fields.js';
import type { Role } from '../common/principal.js';
import { UserResponse } from '../user/user.dto.js';
import type { LoggedIn } from './login.service.js';
import type { RefreshedSession } from './session-refresh.service.js';
import type { EnteredProject, SessionDetails } from './session.service.js';

export class LoginRequest {
  /** The account's name in OpenStack. */
  @Text({ min: 1, max: 255, example: 'demo' })
  account_id!: string;

  @Text({ min: 1, max: 255, format: 'password', example: 'correct horse battery staple' })
  password!: string;

  /** The project to work in; the one joined first when left out. */
  @Id({ optional: true, example: 1 })
  project_id?: number;
}

export class LoginResponse {
  user!: UserResponse;

  /** Send it as `Authorization: Bearer …`. @example eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzaWQiOiIuLi4ifQ.c2lnbmF0dXJl */
  token!: string;

  /** When `token` ends. @example 2026-11-24T09:45:00.000Z */
  expires_at!: string;

  /** Gets a new token without the password; usable once. @example WwyaDn1sTVOKPg9vP2orEVue9eZ5fstwhQLYKRBVoKlvFrTqmGz1zLSmGh8Kcb2Q0BFYvoN8q1OsbSl2LwLrHw */
  refresh_token!: string;

  /** The project that the token is for. @example 1 */
  project_id!: number;

  static from({ user, token, expiresAt, refreshToken, projectId }: LoggedIn): LoginResponse {
    return {
      user: UserResponse.from(user),
      token,
      expires_at: expiresAt.toISOString(),
      refresh_token: refreshToken,
      project_id: projectId,
    };
  }
}

export class RefreshRequest {
  @Text({
    min: 1,
    max: 255,
    description: 'As the login, or the refresh before, gave it.',
    example: 'WwyaDn1sTVOKPg9vP2orEVue9eZ5fstwhQLYKRBVoKlvFrTqmGz1zLSmGh8Kcb2Q0BFYvoN8q1OsbSl2LwLrHw',
  })
  refresh_token!: string;
}

export class RefreshResponse {
  /** For the project that the session is in. @example eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzaWQiOiIuLi4ifQ.c2lnbmF0dXJl */
  token!: string;

  /** When `token` ends. @example 2026-11-24T09:45:00.000Z */
  expires_at!: string;

  /** Takes the place of the one that was sent. @example WwyaDn1sTVOKPg9vP2orEVue9eZ5fstwhQLYKRBVoKlvFrTqmGz1zLSmGh8Kcb2Q0BFYvoN8q1OsbSl2LwLrHw */
  refresh_token!: string;

  static from({ token, expiresAt, refreshToken }: RefreshedSession): RefreshResponse {
    return { token, expires_at: expiresAt.toISOString(), refresh_token: refreshToken };
  }
}

export class EnterProjectRequest {
  /** The project to go on in. */
  @Id({ example: 2 })
  project_id!: number;
}

export class EnterProjectResponse {
  /** Takes the place of the one that was sent. @example eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzaWQiOiIuLi4ifQ.c2lnbmF0dXJl */
  token!: string;

  /** When `token` ends. @example 2026-11-24T09:45:00.000Z */
  expires_at!: string;

  /** The project that the token is for. @example 2 */
  project_id!: number;

  static from({ token, expiresAt, projectId }: EnteredProject): EnterProjectResponse {
    return { token, expires_at: expiresAt.toISOString(), project_id: projectId };
  }
}

export class SessionProjectResponse {
  /** @example 1 */
  id!: number;

  /** @example 96966e1b9b0d496e89e3220e9ed64022 */
  openstack_id!: string;

  /** @example demo */
  name!: string;

  /** False: disabled or gone in OpenStack, so that it can only be read. @example true */
  enabled!: boolean;
}

export class SessionResponse {
  user!: UserResponse;

  project!: SessionProjectResponse;

  /** What you may do in this project. @example member */
  role!: Role;

  static from({ user, project, role }: SessionDetails): SessionResponse {
    const { id, openstackId, name, enabled } = project;
    return { user: UserResponse.from(user), project: { id, openstack_id: openstackId, name, enabled }, role };
  }
}
