import { Injectable } from '@nestjs/common';
import type { Principal, Role } from '../common/principal.js';
import { Database } from '../database/database.js';
import { Transaction } from '../database/transaction.js';
import { ProjectAccessDenied } from '../project/project.errors.js';
import { ProjectRepository } from '../project/project.repository.js';
import type { UserDetails } from '../user/user-details.js';
import { UserDetailsRepository } from '../user/user-details.repository.js';
import { AccessTokens } from './access-tokens.js';
import { InvalidAccessToken } from './auth.errors.js';
import { SessionRepository } from './session.repository.js';

export interface SessionDetails {
  readonly user: UserDetails;
  readonly project: {
    readonly id: number;
    readonly openstackId: string;
    readonly name: string;
    readonly enabled: boolean;
  };
  readonly role: Role;
}

/** A session that goes on in another project. */
export interface EnteredProject {
  readonly projectId: number;
  readonly token: string;
  readonly expiresAt: Date;
}

@Injectable()
export class SessionService {
  constructor(
    private readonly database: Database,
    private readonly transaction: Transaction,
    private readonly tokens: AccessTokens,
    private readonly sessions: SessionRepository,
    private readonly users: UserDetailsRepository,
    private readonly projects: ProjectRepository,
  ) {}

  /** Ends the session on every replica at once. May be repeated. */
  async end({ sessionId }: Principal): Promise<void> {
    await this.database.read((manager) => this.sessions.end(manager, sessionId, 'logout'));
  }

  /**
   * Goes on in another project: a new token for that one, which later refreshes stay in. The old token is not ended; it is good for what
   * it was issued for, as long as the session is.
   *
   * @throws ProjectAccessDenied unless the person is in it, or is an admin and it is managed here.
   * @throws InvalidAccessToken when the session ended in this moment.
   */
  async enterProject({ userId, sessionId, role }: Principal, projectId: number): Promise<EnteredProject> {
    const sessionUuid = await this.transaction.run(async (tx) => {
      const mayEnter =
        role === 'admin'
          ? (await this.projects.find(tx, projectId)) !== null
          : (await this.projects.memberships(tx, userId)).some((membership) => membership.projectId === projectId);
      if (!mayEnter) throw new ProjectAccessDenied(projectId);
      return this.sessions.moveTo(tx, sessionId, projectId);
    });
    if (sessionUuid === null) throw new InvalidAccessToken('ended');
    const { token, expiresAt } = await this.tokens.issue({ sessionUuid, userId, projectId }, new Date());
    return { token, expiresAt, projectId };
  }

  /** @throws InvalidAccessToken when user or project went away in this moment. */
  async getDetails({ userId, projectId, role }: Principal): Promise<SessionDetails> {
    return this.database.read(async (manager) => {
      const user = await this.users.find(manager, userId);
      const project = await this.projects.find(manager, projectId);
      if (user === null || project === null) throw new InvalidAccessToken('ended');
      return { user, project, role };
    });
  }
}
