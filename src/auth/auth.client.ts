import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { OpenStackUnauthorized, OpenStackUnknownOutcome } from '../openstack/openstack-errors.js';
import { OpenStackHttp } from '../openstack/openstack-http.js';
import { openstackName } from '../openstack/openstack-name.js';
import { path } from '../openstack/openstack-path.js';
import { wireId } from '../openstack/openstack-wire.js';

export interface PasswordLogin {
  /** The user's name in Keystone. */
  readonly accountId: string;
  readonly password: string;
  readonly domainId: string;
}

export interface PasswordChange {
  /** Keystone's id of the user. */
  readonly userId: string;
  readonly oldPassword: string;
  readonly newPassword: string;
}

/** What Keystone answers a person. The token is that person's: use it at once, revoke it, never store or show it. */
export interface KeystoneLogin {
  readonly userId: string;
  readonly token: string;
  readonly expiresAt: Date;
}

export interface PersonsProject {
  readonly openstackId: string;
  readonly name: string;
  readonly domainId: string;
  readonly enabled: boolean;
}

/** Keystone does not take name and password together; it tells neither which is wrong nor whether the account is locked. */
export class InvalidCredentials extends Error {
  override readonly name = 'InvalidCredentials';
}

/** The password is right but expired or must be changed; the message is Keystone's. */
export class PasswordExpired extends Error {
  override readonly name = 'PasswordExpired';
}

const loginAnswer = z.object({
  token: z.object({
    user: z.object({ id: wireId }),
    expires_at: z.iso.datetime({ offset: true }).transform((text) => new Date(text)),
  }),
});

const projectList = z.object({
  projects: z.array(
    z
      .object({ id: wireId, name: z.string(), domain_id: z.string(), enabled: z.boolean().default(true) })
      .transform(({ id, name, domain_id: domainId, enabled }): PersonsProject => ({
        openstackId: id,
        name,
        domainId,
        enabled,
      })),
  ),
});

/** Keystone as a person sees it who logs in. */
@Injectable()
export class AuthClient {
  constructor(private readonly http: OpenStackHttp) {}

  /**
   * Asks for an unscoped token.
   *
   * @throws InvalidCredentials, PasswordExpired, or an OpenStackError when Keystone gave no verdict.
   */
  async passwordLogin({ accountId, password, domainId }: PasswordLogin): Promise<KeystoneLogin> {
    // Keystone cannot hold such a name; on MySQL's utf8mb3 merely asking breaks the connection, for everybody's breaker to count.
    if (openstackName(accountId) !== accountId || accountId === '') throw new InvalidCredentials('No such account');
    try {
      const answer = await this.http.sendAs(null, {
        service: 'identity',
        method: 'POST',
        path: '/auth/tokens',
        operation: 'POST /v3/auth/tokens (login)',
        body: {
          auth: {
            identity: {
              methods: ['password'],
              password: { user: { name: accountId, domain: { id: domainId }, password } },
            },
            // Otherwise a user's default project scopes the token.
            scope: 'unscoped',
          },
        },
        ok: [201],
        schema: loginAnswer,
      });
      const { user, expires_at: expiresAt } = answer.data.token;
      const token = answer.header('x-subject-token');
      if (token === null) throw tokenMissing(answer.requestId);
      return { userId: user.id, token, expiresAt };
    } catch (error) {
      if (!(error instanceof OpenStackUnauthorized)) throw error;
      throw isExpired(error.text)
        ? new PasswordExpired(error.text)
        : new InvalidCredentials('Keystone refused', { cause: error });
    }
  }

  /**
   * Changes a person's password by the old one. Ends all tokens that Keystone gave that person.
   *
   * @throws InvalidCredentials; OpenStackRefused when Keystone's rules refuse the new one, with their text; or an OpenStackError when
   * Keystone gave no verdict.
   */
  async changePassword({ userId, oldPassword, newPassword }: PasswordChange): Promise<void> {
    try {
      await this.http.sendAs(null, {
        service: 'identity',
        method: 'POST',
        path: path`/users/${userId}/password`,
        operation: 'POST /v3/users/{id}/password',
        body: { user: { original_password: oldPassword, password: newPassword } },
        ok: [204],
        schema: null,
      });
    } catch (error) {
      if (error instanceof OpenStackUnauthorized) throw new InvalidCredentials('Keystone refused', { cause: error });
      throw error;
    }
  }

  /** The projects that the person has a role on, by any way. */
  async projectsOf(token: string): Promise<readonly PersonsProject[]> {
    const answer = await this.http.sendAs(token, {
      service: 'identity',
      method: 'GET',
      path: '/auth/projects',
      operation: 'GET /v3/auth/projects',
      ok: [200],
      schema: projectList,
    });
    return answer.data.projects;
  }

  /** Ends the token. May be repeated. */
  async revoke(token: string): Promise<void> {
    try {
      await this.http.sendAs(token, {
        service: 'identity',
        method: 'DELETE',
        path: '/auth/tokens',
        operation: 'DELETE /v3/auth/tokens',
        headers: { 'X-Subject-Token': token },
        ok: [204],
        schema: null,
      });
    } catch (error) {
      // It is no longer valid: that is what was wanted.
      if (!(error instanceof OpenStackUnauthorized)) throw error;
    }
  }
}

function tokenMissing(requestId: string): OpenStackUnknownOutcome {
  const operation = 'POST /v3/auth/tokens (login)';
  return new OpenStackUnknownOutcome({ service: 'identity', operation, requestId, text: 'the answer has no token' });
}

/** With security_compliance Keystone says so only after the password was right. */
function isExpired(text: string): boolean {
  return /password.*(expired|must be changed|needs to be changed)/i.test(text);
}
