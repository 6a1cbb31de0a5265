import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import { Database } from '../database/database.js';
import { adminCall } from '../openstack/openstack-call.js';
import { ProjectClient } from '../project/project.client.js';
import { UserClient } from '../user/user.client.js';
import { AuthClient, type KeystoneLogin } from './auth.client.js';
import { adminProjectIds, managedProjects, rolesOf } from './identity.js';
import { IdentityRepository } from './identity.repository.js';
import type { ObservedPerson } from './identity-record.service.js';
import { ServiceAccountClient } from './service-account.client.js';

/** Asks Keystone about one person. */
@Injectable()
export class KeystonePersonService {
  constructor(
    private readonly config: Config,
    private readonly database: Database,
    private readonly identity: IdentityRepository,
    private readonly account: ServiceAccountClient,
    private readonly auth: AuthClient,
    private readonly projects: ProjectClient,
    private readonly users: UserClient,
  ) {}

  /**
   * Checks the password and returns who it is, with its managed projects and roles as they are now. The person's own token is ended
   * before this returns.
   *
   * @throws InvalidCredentials, PasswordExpired, or an OpenStackError when Keystone gave no verdict.
   */
  async verify(accountId: string, password: string): Promise<ObservedPerson> {
    const askedAt = await this.database.read((manager) => this.identity.now(manager));
    const account = await this.account.account();
    const login = await this.auth.passwordLogin({ accountId, password, domainId: account.domainId });
    try {
      return { askedAt, ...(await this.observe(login)) };
    } finally {
      // It would only live until its end; that it could not be ended must not keep the person out.
      await this.auth.revoke(login.token).catch(() => undefined);
    }
  }

  private async observe({ userId }: KeystoneLogin): Promise<Omit<ObservedPerson, 'askedAt'>> {
    const account = await this.account.account();
    const { MANAGED_PROJECTS, ADMIN_PROJECTS } = this.config.settings;
    const rules = { managedProjects: MANAGED_PROJECTS, adminProjects: ADMIN_PROJECTS };
    const [domain, user, { projects }, assignments] = await Promise.all([
      this.projects.domain(adminCall, account.domainId),
      this.users.get(adminCall, userId),
      this.projects.listProjects(adminCall, account.domainId),
      this.projects.roleAssignments(adminCall, { userId }),
    ]);
    const managed = managedProjects(projects, rules);
    const managedIds = new Set(managed.map(({ openstackId }) => openstackId));
    const roles = rolesOf(assignments, managedIds, adminProjectIds(projects, rules, account), account);
    const places = roles.places.get(userId);
    return {
      domain,
      user: { openstackId: userId, accountId: user.name, enabled: user.enabled, isAdmin: roles.admins.has(userId) },
      projects: managed.flatMap((project) => {
        const role = places?.get(project.openstackId);
        return role === undefined ? [] : [{ ...project, role }];
      }),
      shownProjects: new Set(projects.map(({ openstackId }) => openstackId)),
    };
  }
}
