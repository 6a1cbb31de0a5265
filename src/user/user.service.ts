import { Injectable } from '@nestjs/common';
import { AuditRepository } from '../audit/audit.repository.js';
import type { Actor } from '../common/actor.js';
import type { Precondition } from '../common/precondition.js';
import type { Principal } from '../common/principal.js';
import { Database } from '../database/database.js';
import { Transaction } from '../database/transaction.js';
import { KeptAnswers, type KeptAnswer } from '../operation/kept-answers.service.js';
import type { UserDetails, UserGlimpse, Viewer } from './user-details.js';
import { UserDetailsRepository, type UserFilter } from './user-details.repository.js';
import { UserNotFound, UserUpdateDenied } from './user.errors.js';
import { UserRepository } from './user.repository.js';

export interface RenameUserCommand {
  readonly id: number;
  readonly name: string;
}

/** What is done with users in the record alone. */
@Injectable()
export class UserService {
  constructor(
    private readonly database: Database,
    private readonly transaction: Transaction,
    private readonly users: UserRepository,
    private readonly details: UserDetailsRepository,
    private readonly audit: AuditRepository,
    private readonly answers: KeptAnswers,
  ) {}

  /** Those who share a project with the caller; an admin sees all. By an account id a stranger is found too. */
  async list(principal: Principal, filter: UserFilter): Promise<readonly (UserDetails | UserGlimpse)[]> {
    return this.database.read((manager) => this.details.list(manager, viewerOf(principal), filter));
  }

  /** @throws UserNotFound, also for who shares no project with the caller. */
  async getDetails(principal: Principal, id: number): Promise<UserDetails> {
    const user = await this.database.read((manager) => this.details.findFor(manager, viewerOf(principal), id));
    if (user === null) throw new UserNotFound(id);
    return user;
  }

  /**
   * The name that is shown, which OpenStack does not know: there the account id is the name.
   *
   * @throws UserNotFound, UserUpdateDenied (somebody else), PreconditionFailed
   * @throws OperationInProgress while the account is being deleted.
   */
  async rename(
    { principal, requestId, idempotency }: Actor,
    { id, name }: RenameUserCommand,
    ifMatch: Precondition<UserDetails>,
    answer: (renamed: UserDetails) => KeptAnswer,
  ): Promise<UserDetails> {
    const viewer = viewerOf(principal);
    return this.transaction.run(async (tx) => {
      await this.answers.take(tx, idempotency);
      await this.users.findForUpdate(tx, id);
      const before = await this.details.findFor(tx, viewer, id);
      if (before === null) throw new UserNotFound(id);
      if (id !== principal.userId) throw new UserUpdateDenied();
      await ifMatch.require(() => Promise.resolve(before));
      await this.users.requireUnlocked(tx, id);
      await this.users.rename(tx, id, name);
      await this.audit.insert(tx, {
        actorUserId: principal.userId,
        projectId: null,
        action: 'user.rename',
        resourceType: 'user',
        resourceId: id,
        operationId: null,
        requestId,
      });
      const after = await this.details.findFor(tx, viewer, id);
      if (after === null) throw new UserNotFound(id);
      await this.answers.keep(tx, idempotency, answer(after));
      return after;
    });
  }
}

function viewerOf({ userId, role }: Principal): Viewer {
  return { userId, isAdmin: role === 'admin' };
}
