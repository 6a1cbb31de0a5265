import { seed } from '../../simulator/seed.js';
import type { Simulator } from '../../simulator/simulator-handles.js';
import { Api } from '../support/api.js';
import { credentialsOf } from '../support/simulated-cloud.js';
import type { Role } from './requests.js';

const accounts = { reader: 'viewer', member: 'demo', admin: 'admin' } as const;
type Person = keyof typeof accounts;

/** One account a role. The requests take away passwords, places and sessions; here they come back. */
export class People {
  private readonly sessions = new Map<Person, Api>();

  constructor(
    private readonly url: string,
    private readonly simulator: Simulator,
  ) {}

  /** @throws UnexpectedAnswer when somebody cannot log in even with everything in place. */
  async login(): Promise<void> {
    for (const person of Object.keys(accounts) as Person[]) await this.loginOf(person);
  }

  tokenOf(role: Role): string | null {
    return role === 'nobody' ? null : (this.sessions.get(role)?.token ?? null);
  }

  session(person: Person): Api {
    const api = this.sessions.get(person);
    if (api === undefined) throw new Error(`${person} is not logged in`);
    return api;
  }

  /** Logs in whose session has ended. */
  async heal(): Promise<void> {
    for (const [person, api] of this.sessions) {
      if ((await api.get('/auth/me')).status !== 200) await this.loginOf(person);
    }
  }

  private async loginOf(person: Person): Promise<void> {
    const account = accounts[person];
    const { cloud } = this.simulator;
    const user = cloud.users.get(seed.users[account].id);
    if (user !== undefined) user.password = credentialsOf(account).password;
    const place = {
      userId: seed.users[account].id,
      roleId: seed.roles[person],
      projectId: seed.projects.demo,
      isInherited: false,
    };
    const has = cloud.assignments.some(
      ({ userId, roleId, projectId }) =>
        userId === place.userId && roleId === place.roleId && projectId === place.projectId,
    );
    if (!has) cloud.assignments.push(place);
    this.sessions.set(person, await Api.login(this.url, credentialsOf(account)));
  }
}
