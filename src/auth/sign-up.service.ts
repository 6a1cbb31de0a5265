import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { Requester } from '../common/actor.js';
import { OpenStackAway, ValidationFailed, type FieldError } from '../common/errors.js';
import { TooManyRequests } from '../common/rate-limiter.js';
import { Config } from '../config/config.js';
import { Database } from '../database/database.js';
import { Transaction, type EntityManager } from '../database/transaction.js';
import { openstackName } from '../openstack/openstack-name.js';
import type { OperationEntity } from '../operation/operation.entity.js';
import { OperationFailed } from '../operation/operation.errors.js';
import { OperationService } from '../operation/operation.service.js';
import { ProjectRepository } from '../project/project.repository.js';
import type { UserDetails } from '../user/user-details.js';
import { UserDetailsRepository } from '../user/user-details.repository.js';
import { UserNotFound } from '../user/user.errors.js';
import { UserRepository } from '../user/user.repository.js';
import { addressKey } from './address-key.js';
import { AccountIdTaken, SignUpUnfinished } from './auth.errors.js';
import { passwordProblem } from './password-rules.js';
import { ServiceAccountClient } from './service-account.client.js';
import type { SignUpInput } from './sign-up-input.js';
import { SignUpPasswords } from './sign-up-passwords.js';
import { isUnfinished, passwordRefused, signUp } from './sign-up.operation.js';
import { SignUpRepository } from './sign-up.repository.js';

export interface SignUpCommand {
  readonly accountId: string;
  readonly password: string;
  readonly name: string;
}

const hourMs = 3_600_000;
/** Less than this is no time at all for Keystone. */
const shortestMs = 1_000;

@Injectable()
export class SignUpService {
  private readonly settings: Config['settings'];

  constructor(
    config: Config,
    private readonly database: Database,
    private readonly transaction: Transaction,
    private readonly operations: OperationService,
    private readonly account: ServiceAccountClient,
    private readonly projects: ProjectRepository,
    private readonly users: UserRepository,
    private readonly details: UserDetailsRepository,
    private readonly signUps: SignUpRepository,
    private readonly passwords: SignUpPasswords,
  ) {
    this.settings = config.settings;
  }

  /**
   * Makes an account for a stranger, who cannot come back for the answer: in time, or not at all.
   *
   * @throws ValidationFailed, also for a password that Keystone's rules refuse; TooManyRequests, AccountIdTaken
   * @throws SignUpUnfinished when it could not be made in time and is undone, or an earlier attempt still is.
   * @throws OpenStackAway while Keystone is away.
   */
  async signUp(requester: Requester, command: SignUpCommand): Promise<UserDetails> {
    const begun: string[] = [];
    try {
      const operation = await this.operations.acceptPrepared(
        requester,
        () => this.prepare(requester, command),
        (tx, uuid, domainOpenstackId) => {
          begun.push(uuid);
          return this.begin(tx, { uuid, requester, command, domainOpenstackId });
        },
      );
      await this.settle(requester, operation, command);
      const user = await this.database.read((manager) => this.details.find(manager, operation.resourceId));
      if (user === null) throw new UserNotFound(operation.resourceId);
      return user;
    } finally {
      for (const uuid of begun) this.passwords.forget(uuid);
    }
  }

  /** Returns OpenStack's id of the domain. */
  private async prepare({ address }: Requester, command: SignUpCommand): Promise<string> {
    const problems = problemsOf(command);
    if (problems.length > 0) throw new ValidationFailed(problems);
    await this.count(addressKey(address));
    return (await this.account.account()).domainId;
  }

  private async count(address: string): Promise<void> {
    const { signUps, windowEndsInMs } = await this.transaction.run((tx) => this.signUps.count(tx, address, hourMs));
    if (signUps === 1) await this.database.read((manager) => this.signUps.forget(manager));
    if (signUps > this.settings.SIGN_UPS_PER_HOUR)
      throw new TooManyRequests(Math.max(1, Math.ceil(windowEndsInMs / 1000)));
  }

  private async begin(
    tx: EntityManager,
    attempt: {
      readonly uuid: string;
      readonly requester: Requester;
      readonly command: SignUpCommand;
      readonly domainOpenstackId: string;
    },
  ): Promise<OperationEntity> {
    const { uuid, requester, command, domainOpenstackId } = attempt;
    const { accountId, name, password } = command;
    const domain = await this.projects.findDomain(tx, domainOpenstackId);
    if (domain === null) throw new OpenStackAway('Signing up', undefined);
    const id = await this.users.insertSigningUp(tx, { uuid: randomUUID(), domainId: domain.id, accountId, name });
    if (id === null) {
      const holder = await this.signUps.holderOf(tx, { domainId: domain.id, accountId, patienceMs: this.patienceMs });
      throw holder === 'undo' ? new SignUpUnfinished() : new AccountIdTaken(accountId);
    }
    this.passwords.hold(uuid, password);
    const input: SignUpInput = { accountId, domainOpenstackId };
    return this.operations.begin(tx, {
      uuid,
      kind: signUp,
      resource: { type: 'user', id },
      serverId: null,
      projectId: null,
      actor: { ...requester, principal: null },
      input,
      locks: [{ type: 'user', id }],
      deadlineMs: this.patienceMs,
      mustRunHere: true,
    });
  }

  /** How long an account may take. */
  private get patienceMs(): number {
    return Math.max(shortestMs, this.settings.SYNC_WAIT_MS);
  }

  private async settle(requester: Requester, operation: OperationEntity, command: SignUpCommand): Promise<void> {
    // There is nothing that a stranger could look at later.
    const waiting = { ...requester, prefersAsync: false };
    try {
      if (await this.operations.settle(waiting, operation)) return;
      const isGivenUp = this.passwords.giveUp(operation.uuid);
      if (!isGivenUp && (await this.operations.settle(waiting, operation))) return;
    } catch (error) {
      throw error instanceof OperationFailed ? refusalOf(error, command) : error;
    }
    throw new SignUpUnfinished();
  }
}

function problemsOf({ accountId, password }: SignUpCommand): readonly FieldError[] {
  const problems: FieldError[] = [];
  if (openstackName(accountId) !== accountId) {
    const message = 'must not contain letters that OpenStack does not take, such as emoji';
    problems.push({ field: 'account_id', message, type: 'character' });
  }
  const problem = passwordProblem(password, accountId, 'password');
  return problem === null ? problems : [...problems, problem];
}

/** How the answer calls what the operation ended with. */
function refusalOf(error: OperationFailed, { accountId }: SignUpCommand): Error {
  if (isUnfinished(error.code)) return new SignUpUnfinished();
  switch (error.code) {
    case AccountIdTaken.code:
      return new AccountIdTaken(accountId);
    case passwordRefused:
      return new ValidationFailed([{ field: 'password', message: error.message, type: 'refused' }]);
    default:
      return error;
  }
}
