import { Injectable } from '@nestjs/common';
import type { Principal, Role } from '../common/principal.js';
import { Database } from '../database/database.js';
import { ProjectRepository } from '../project/project.repository.js';
import { UserDetailsRepository, type UserDetails } from '../user/user-details.repository.js';
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

@Injectable()
export class SessionService {
  constructor(
    private readonly database: Database,
    private readonly sessions: SessionRepository,
    private readonly users: UserDetailsRepository,
    private readonly projects: ProjectRepository,
  ) {}

  /** Ends the session on every replica at once. May be repeated. */
  async end({ sessionId }: Principal): Promise<void> {
    await this.database.read((manager) => this.sessions.end(manager, sessionId, 'logout'));
  }

  /** @throws InvalidAccessToken when user or project went away in this moment. */
  async getDetails({ userId, projectId, role }: Principal): Promise<SessionDetails> {
    return this.database.read(async (manager) => {
      const user = await this.users.find(manager, userId);
      const project = await this.projects.find(manager, projectId);
      if (user === null || project === null) throw new InvalidAccessToken();
      return { user, project, role };
    });
  }
}
