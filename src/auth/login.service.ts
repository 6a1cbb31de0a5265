import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { OpenStackAway } from '../common/errors.js';
import { Config } from '../config/config.js';
import { Database } from '../database/database.js';
import { Transaction, type EntityManager } from '../database/transaction.js';
import { OpenStackError } from '../openstack/openstack-errors.js';
import { ProjectAccessDenied } from '../project/project.errors.js';
import { ProjectRepository } from '../project/project.repository.js';
import type { UserDetails } from '../user/user-details.js';
import { UserDetailsRepository } from '../user/user-details.repository.js';
import { AccessTokens, type RefreshToken } from './access-tokens.js';
import { InvalidCredentials, PasswordExpired } from './auth.client.js';
import { InvalidAuth, PasswordMustChange, UserNotJoinedAnyProject } from './auth.errors.js';
import { IdentityRecordService, type ObservedPerson, type RecordedPerson } from './identity-record.service.js';
import { KeystonePersonService } from './keystone-person.service.js';
import { LoginThrottleService } from './login-throttle.service.js';
import { SessionRepository } from './session.repository.js';

export interface LoginCommand {
  readonly accountId: string;
  readonly password: string;
  /** The client's; failures are counted by it. */
  readonly address: string;
  /** Null: the project that the person joined first. */
  readonly projectId: number | null;
}

export interface LoggedIn {
  readonly user: UserDetails;
  readonly projectId: number;
  readonly token: string;
  readonly expiresAt: Date;
  readonly refreshToken: string;
}

interface OpenedSession {
  readonly userId: number;
  readonly projectId: number;
}

/** A refusal is told only on a multiple of this, so that its time tells nothing about the account; milliseconds. */
const refusalGridMs = 1_000;

@Injectable()
export class LoginService {
  constructor(
    private readonly config: Config,
    private readonly database: Database,
    private readonly transaction: Transaction,
    private readonly throttle: LoginThrottleService,
    private readonly keystone: KeystonePersonService,
    private readonly record: IdentityRecordService,
    private readonly projects: ProjectRepository,
    private readonly users: UserDetailsRepository,
    private readonly sessions: SessionRepository,
    private readonly tokens: AccessTokens,
  ) {}

  /**
   * Lets Keystone check the password, brings the person's projects and roles up to date and opens a session.
   *
   * @throws TooManyAttempts, Keystone not having been asked.
   * @throws InvalidAuth, PasswordMustChange, ProjectAccessDenied, UserNotJoinedAnyProject
   * @throws OpenStackAway when Keystone gave no verdict: nobody is refused then.
   */
  async login(command: LoginCommand): Promise<LoggedIn> {
    const refresh = this.tokens.newRefreshToken(randomUUID());
    const { sessionUuid } = refresh;
    // A second time when the password was changed meanwhile: the old one may be what Keystone took.
    const opened = (await this.enter(command, refresh)) ?? (await this.enter(command, refresh));
    if (opened === null) throw new InvalidAuth(undefined);
    const { userId, projectId } = opened;
    const user = await this.database.read((manager) => this.users.find(manager, userId));
    // Deleted in the moment between: the session says nothing any more.
    if (user === null) throw new InvalidAuth(undefined);
    const { token, expiresAt } = await this.tokens.issue({ sessionUuid, userId, projectId }, new Date());
    return { user, projectId, token, expiresAt, refreshToken: refresh.token };
  }

  /** Null, and no session, when the password was changed since Keystone was asked about it. */
  private async enter(command: LoginCommand, refresh: RefreshToken): Promise<OpenedSession | null> {
    const person = await this.throttle.attempt(
      command,
      () => this.verify(command),
      (error) => error instanceof InvalidAuth,
    );
    return this.transaction.run((tx) => this.open(tx, person, command.projectId, refresh));
  }

  private async verify({ accountId, password }: LoginCommand): Promise<ObservedPerson> {
    const startedAt = performance.now();
    try {
      return await this.keystone.verify(accountId, password);
    } catch (error) {
      if (error instanceof InvalidCredentials) {
        const tookMs = performance.now() - startedAt;
        await sleep(refusalGridMs - (tookMs % refusalGridMs));
        throw new InvalidAuth(error);
      }
      if (error instanceof PasswordExpired) throw new PasswordMustChange(error);
      if (error instanceof OpenStackError) throw new OpenStackAway('Logging in', error);
      throw error;
    }
  }

  private async open(
    tx: EntityManager,
    person: ObservedPerson,
    wantedProjectId: number | null,
    { sessionUuid: uuid, hash: refreshTokenHash }: RefreshToken,
  ): Promise<OpenedSession | null> {
    const recorded = await this.record.savePerson(tx, person);
    // Deleted since Keystone let them in; or the record still knows another user under that account, until the next import.
    if (recorded === null) throw new InvalidAuth(undefined);
    const { userId } = recorded;
    const projectId = await this.chooseProject(tx, recorded, wantedProjectId);
    const lifeMs = this.config.settings.REFRESH_TOKEN_MS;
    const { askedAt } = person;
    const isOpen = await this.sessions.insert(tx, { uuid, userId, projectId, refreshTokenHash, lifeMs, askedAt });
    return isOpen ? { userId, projectId } : null;
  }

  /** @throws ProjectAccessDenied, UserNotJoinedAnyProject */
  private async chooseProject(
    tx: EntityManager,
    { userId, isAdmin }: RecordedPerson,
    wantedId: number | null,
  ): Promise<number> {
    const joined = await this.projects.memberships(tx, userId);
    if (wantedId !== null) {
      const isJoined = joined.some(({ projectId }) => projectId === wantedId);
      const mayEnter = isJoined || (isAdmin && (await this.projects.find(tx, wantedId)) !== null);
      if (!mayEnter) throw new ProjectAccessDenied(wantedId);
      return wantedId;
    }
    const first = joined[0];
    if (first === undefined) throw new UserNotJoinedAnyProject();
    return first.projectId;
  }
}
