import { Injectable } from '@nestjs/common';
import { AuditRepository } from '../audit/audit.repository.js';
import type { Actor } from '../common/actor.js';
import { OpenStackAway, ValidationFailed } from '../common/errors.js';
import { Transaction } from '../database/transaction.js';
import { OpenStackConflict, OpenStackError, OpenStackRefused } from '../openstack/openstack-errors.js';
import { UserUpdateDenied } from '../user/user.errors.js';
import { UserRepository } from '../user/user.repository.js';
import { UserService } from '../user/user.service.js';
import { AuthClient, InvalidCredentials, PasswordExpired, type KeystoneLogin } from './auth.client.js';
import { WrongOldPassword } from './auth.errors.js';
import { LoginThrottleService } from './login-throttle.service.js';
import { passwordProblem } from './password-rules.js';
import { ServiceAccountClient } from './service-account.client.js';
import { SessionRepository } from './session.repository.js';

export interface PasswordChangeCommand {
  readonly oldPassword: string;
  readonly newPassword: string;
}

/**
 * Keystone has the only copy of a password, so it is changed there, at once or not at all. Then every other session of the person ends:
 * whoever knew the old one is out, and so is a login with it that is under way. The session that asks goes on, since who has it has just
 * proved both. A repetition that finds the new password in force already is answered like the first request: so nothing is left undone
 * when an answer, or this process, was lost.
 */
@Injectable()
export class PasswordChangeService {
  constructor(
    private readonly transaction: Transaction,
    private readonly users: UserService,
    private readonly userRows: UserRepository,
    private readonly account: ServiceAccountClient,
    private readonly client: AuthClient,
    private readonly throttle: LoginThrottleService,
    private readonly sessions: SessionRepository,
    private readonly audit: AuditRepository,
  ) {}

  /**
   * @throws UserNotFound, UserUpdateDenied (somebody else), TooManyAttempts, WrongOldPassword
   * @throws ValidationFailed for a new password that our rules or Keystone's refuse.
   * @throws OpenStackAway when Keystone gave no verdict.
   */
  async change(actor: Actor, id: number, command: PasswordChangeCommand): Promise<void> {
    const { principal, address, requestId } = actor;
    const { openstackId, accountId } = await this.users.getDetails(principal, id);
    if (id !== principal.userId || openstackId === null) throw new UserUpdateDenied();
    const problem = passwordProblem(command.newPassword, accountId, 'new_password');
    if (problem !== null) throw new ValidationFailed([problem]);
    await this.throttle.attempt(
      { accountId, address },
      () => this.changeInKeystone({ userId: openstackId, accountId }, command),
      (error) => error instanceof WrongOldPassword,
    );
    await this.transaction.run(async (tx) => {
      await this.userRows.markPasswordChanged(tx, id);
      await this.sessions.endAllOf(tx, { userId: id, exceptId: principal.sessionId }, 'password');
      await this.audit.insert(tx, {
        actorUserId: id,
        projectId: null,
        action: 'user.change-password',
        resourceType: 'user',
        resourceId: id,
        operationId: null,
        requestId,
      });
    });
  }

  private async changeInKeystone(
    { userId, accountId }: { readonly userId: string; readonly accountId: string },
    { oldPassword, newPassword }: PasswordChangeCommand,
  ): Promise<void> {
    try {
      await this.client.changePassword({ userId, oldPassword, newPassword });
    } catch (error) {
      if (error instanceof OpenStackRefused || error instanceof OpenStackConflict)
        throw new ValidationFailed([{ field: 'new_password', message: error.text, type: 'refused' }]);
      // No answer, or an answer to a repetition: the new password may be in force already.
      if (await this.isInForce(accountId, newPassword)) return;
      if (error instanceof InvalidCredentials) throw new WrongOldPassword(error);
      throw error instanceof OpenStackError ? new OpenStackAway('Changing the password', error) : error;
    }
  }

  private async isInForce(accountId: string, password: string): Promise<boolean> {
    let login: KeystoneLogin;
    try {
      const { domainId } = await this.account.account();
      login = await this.client.passwordLogin({ accountId, password, domainId });
    } catch (error) {
      if (error instanceof InvalidCredentials) return false;
      if (error instanceof PasswordExpired) return true;
      throw error instanceof OpenStackError ? new OpenStackAway('Changing the password', error) : error;
    }
    // It would only live until its end.
    await this.client.revoke(login.token).catch(() => undefined);
    return true;
  }
}
