import { Injectable, Logger } from '@nestjs/common';
import type { Role } from '../common/principal.js';
import { openstackName } from '../openstack/openstack-name.js';
import type { ProjectEntity } from '../project/project.entity.js';
import { ProjectRepository, type Place, type ProjectFacts, type ProjectName } from '../project/project.repository.js';
import type { Policies } from '../reconciliation/policy.js';
import type { UserEntity } from '../user/user.entity.js';
import { UserRepository, type UserFacts } from '../user/user.repository.js';
import type { EntityManager } from '../database/transaction.js';
import { massOf } from './identity-comparison.js';
import { IdentityRepository } from './identity.repository.js';
import { ProjectResourcesRepository } from './project-resources.repository.js';
import { SessionRepository } from './session.repository.js';

/** One person as Keystone showed it, asked at `askedAt`, with its managed projects. */
export interface ObservedPerson {
  readonly askedAt: Date;
  readonly domain: { readonly openstackId: string; readonly name: string };
  readonly user: UserFacts;
  readonly projects: readonly (ProjectFacts & { readonly role: Role })[];
  /** OpenStack ids of all projects that Keystone listed, managed or not. */
  readonly shownProjects: ReadonlySet<string>;
}

/** One person as the record has them now. */
export interface RecordedPerson {
  readonly userId: number;
  readonly isAdmin: boolean;
}

/** Everything that Keystone showed, from lists that were asked for at `askedAt`. */
export interface ObservedIdentity {
  readonly askedAt: Date;
  readonly domain: { readonly openstackId: string; readonly name: string };
  /** The managed ones. */
  readonly projects: readonly ProjectFacts[];
  /** Those who have a place in a managed project, and the admins. */
  readonly users: readonly UserFacts[];
  /** Ids of OpenStack's. */
  readonly places: readonly { readonly user: string; readonly project: string; readonly role: Role }[];
  /** OpenStack ids of projects that are there and no longer managed. */
  readonly unmanagedProjects: ReadonlySet<string>;
  /** OpenStack ids of projects that are certainly gone. */
  readonly goneProjects: ReadonlySet<string>;
  /** OpenStack ids of users that are certainly gone. */
  readonly goneUsers: ReadonlySet<string>;
  /** Users whose places must not be changed, since what is known of them is not complete. */
  readonly arePlacesComplete: boolean;
}

/** How many are gone, and stay here with their places as if they were not: so many at once that the view may be wrong. */
export interface HeldBack {
  readonly users: number;
  readonly projects: number;
}

/** The places of one user (`userId`), or all that `mayChange` allows, as they were when Keystone was asked. */
interface ObservedPlaces {
  readonly userId: number | null;
  readonly places: readonly Place[];
  readonly askedAt: Date;
  readonly mayChange: (place: Omit<Place, 'role'>) => boolean;
}

/** Writes into MySQL what Keystone says of projects, people and roles. Only what differs is written. */
@Injectable()
export class IdentityRecordService {
  private readonly logger = new Logger(IdentityRecordService.name);

  constructor(
    private readonly projects: ProjectRepository,
    private readonly users: UserRepository,
    private readonly identity: IdentityRepository,
    private readonly sessions: SessionRepository,
    private readonly resources: ProjectResourcesRepository,
  ) {}

  /**
   * Brings one person up to date; returns what the record says of them, or null when the account is another live user's. A project that
   * does not show says nothing of who has a place in it, nor of who is an admin there: what becomes of it is for the import to decide.
   */
  async savePerson(tx: EntityManager, person: ObservedPerson): Promise<RecordedPerson | null> {
    const { askedAt, domain, user, projects, shownProjects } = person;
    const domainId = await this.projects.saveDomain(tx, domain);
    const recorded = await this.projects.findAll(tx);
    const nothingGone = { unmanagedProjects: new Set<string>(), goneProjects: new Set<string>() };
    const { projectIds } = await this.saveProjects(tx, domainId, { recorded, projects, askedAt, ...nothingGone }, null);
    const hidden = new Set(
      recorded.filter(({ enabled, openstackId }) => enabled && !shownProjects.has(openstackId)).map(({ id }) => id),
    );
    const saved = await this.saveUser(tx, domainId, user, { askedAt, keepsAdmins: hidden.size > 0 });
    if (saved === null) return null;
    const { userId } = saved;
    const places = projects.flatMap(({ openstackId, role }) => {
      const projectId = projectIds.get(openstackId);
      return projectId === undefined ? [] : [{ userId, projectId, role }];
    });
    await this.savePlaces(tx, { userId, places, askedAt, mayChange: ({ projectId }) => !hidden.has(projectId) });
    return saved;
  }

  /** Brings everything up to date, as a part of the caller's transaction. Safe to run again at any time. */
  async saveAll(tx: EntityManager, observed: ObservedIdentity, policies: Policies): Promise<HeldBack> {
    const { askedAt } = observed;
    const domainId = await this.projects.saveDomain(tx, observed.domain);
    const recorded = await this.projects.findAll(tx);
    const { projectIds, heldProjects } = await this.saveProjects(tx, domainId, { recorded, ...observed }, policies);
    // Who is an admin there is not to be seen in a project that does not show, nor in roles that were not read to their end.
    const keepsAdmins = heldProjects.size > 0 || !observed.arePlacesComplete;
    const { userIds, untouched, held } = await this.saveUsers(tx, domainId, observed, { policies, keepsAdmins });
    const heldBack = { users: held, projects: heldProjects.size };
    if (!observed.arePlacesComplete) return heldBack;
    const places = observed.places.flatMap(({ user, project, role }) => {
      const userId = userIds.get(user);
      const projectId = projectIds.get(project);
      return userId === undefined || projectId === undefined || untouched.has(userId)
        ? []
        : [{ userId, projectId, role }];
    });
    const mayChange = ({ userId, projectId }: Omit<Place, 'role'>): boolean =>
      !untouched.has(userId) && !heldProjects.has(projectId);
    await this.savePlaces(tx, { userId: null, places, askedAt, mayChange });
    return heldBack;
  }

  /** A project that came, or says something new. False when its name belongs to another live one of ours. */
  async saveProject(tx: EntityManager, domain: ObservedIdentity['domain'], facts: ProjectFacts): Promise<boolean> {
    const domainId = await this.projects.saveDomain(tx, domain);
    const present = await this.projects.findByOpenstackId(tx, facts.openstackId);
    return present === null
      ? (await this.projects.insert(tx, domainId, facts)) !== null
      : this.projects.update(tx, present.id, facts);
  }

  /** A project that is gone can be read and not be used. The name of one that was replaced is free; what lives in it keeps its row. */
  async letGo(tx: EntityManager, project: ProjectName, isReplaced: boolean): Promise<void> {
    if (!isReplaced) await this.projects.disable(tx, project.id);
    else if ((await this.resources.find(tx, project.id)).length === 0) await this.projects.tombstone(tx, project.id);
    else await this.projects.giveUpName(tx, project);
  }

  /** A person who came, or of whom Keystone says something new. False when the account is another live user's. */
  async saveFacts(
    tx: EntityManager,
    { domain, askedAt }: Pick<ObservedIdentity, 'domain' | 'askedAt'>,
    facts: UserFacts,
  ): Promise<boolean> {
    const domainId = await this.projects.saveDomain(tx, domain);
    return (await this.saveUser(tx, domainId, facts, { askedAt, keepsAdmins: false })) !== null;
  }

  /** The account is free, its places and sessions end with it. */
  async removeUser(tx: EntityManager, userId: number): Promise<void> {
    await this.users.tombstone(tx, userId);
    await this.projects.removePlacesOf(tx, userId);
    await this.sessions.endAllOf(tx, { userId, exceptId: null }, 'user-deleted');
  }

  /** `keepsAdmins`: whoever is an admin here stays one. */
  private async saveUser(
    tx: EntityManager,
    domainId: number,
    seen: UserFacts,
    { askedAt, keepsAdmins }: { readonly askedAt: Date; readonly keepsAdmins: boolean },
  ): Promise<RecordedPerson | null> {
    const present = await this.users.findByOpenstackIdForUpdate(tx, seen.openstackId);
    if (present === null) {
      const userId = await this.users.insert(tx, domainId, seen, askedAt);
      return userId === null ? null : { userId, isAdmin: seen.isAdmin };
    }
    const facts = keepsAdmins && present.isAdmin ? { ...seen, isAdmin: true } : seen;
    if (isSame(present, facts)) await this.users.markObserved(tx, [present.id]);
    else if (!(await this.users.update(tx, present.id, facts))) return null;
    return { userId: present.id, isAdmin: facts.isAdmin };
  }

  /** Our ids by OpenStack's, of those that could be recorded; and of those that are held back where there are `policies` to judge by. */
  private async saveProjects(
    tx: EntityManager,
    domainId: number,
    observed: Pick<ObservedIdentity, 'projects' | 'askedAt' | 'unmanagedProjects' | 'goneProjects'> & {
      readonly recorded: readonly ProjectEntity[];
    },
    policies: Policies | null,
  ): Promise<{ readonly projectIds: ReadonlyMap<string, number>; readonly heldProjects: ReadonlySet<number> }> {
    const { recorded, projects, askedAt, unmanagedProjects, goneProjects } = observed;
    // What an operation is changing, or has changed since Keystone was asked, is known better already.
    const locked = await this.projects.findLocked(tx);
    const renamed = await this.identity.changedSince(tx, 'project', askedAt);
    const seenNames = new Set(projects.map(({ name }) => name.toLowerCase()));
    // One that is disabled is dealt with.
    const live = recorded.filter(({ enabled }) => enabled);
    const gone = live.filter(({ openstackId }) => goneProjects.has(openstackId));
    const mass = { gone, live: live.length, nameOf: ({ name }: ProjectEntity) => name, seenNames: [...seenNames] };
    const heldProjects = new Set(policies === null ? [] : [...massOf(mass, policies)].map(({ id }) => id));
    const lost = recorded.filter(
      ({ id, openstackId }) =>
        (unmanagedProjects.has(openstackId) || goneProjects.has(openstackId)) &&
        !heldProjects.has(id) &&
        !locked.has(id) &&
        !renamed.has(id),
    );
    for (const row of lost) await this.letGo(tx, row, seenNames.has(row.name.toLowerCase()));
    const ids = new Map<string, number>();
    const unchanged: number[] = [];
    for (const facts of projects) {
      const row = recorded.find(({ openstackId }) => openstackId === facts.openstackId);
      if (row !== undefined && (locked.has(row.id) || renamed.has(row.id))) {
        ids.set(facts.openstackId, row.id);
        continue;
      }
      // Ours may have letters that Keystone does not take.
      const isSameProject =
        row !== undefined && openstackName(row.name) === openstackName(facts.name) && row.enabled === facts.enabled;
      if (isSameProject) unchanged.push(row.id);
      const id = row === undefined ? await this.projects.insert(tx, domainId, facts) : row.id;
      const isSaved =
        row === undefined || unchanged.at(-1) === row.id || (await this.projects.update(tx, row.id, facts));
      if (id === null || !isSaved) this.reportCollision('project', facts.openstackId, facts.name);
      if (id !== null) ids.set(facts.openstackId, id);
    }
    await this.projects.markObserved(tx, unchanged);
    return { projectIds: ids, heldProjects };
  }

  /** `untouched`: of whom nothing is written, those who are `held` back among them. */
  private async saveUsers(
    tx: EntityManager,
    domainId: number,
    { users, goneUsers, askedAt }: ObservedIdentity,
    { policies, keepsAdmins }: { readonly policies: Policies; readonly keepsAdmins: boolean },
  ): Promise<{
    readonly userIds: ReadonlyMap<string, number>;
    readonly untouched: ReadonlySet<number>;
    readonly held: number;
  }> {
    const recorded = await this.users.findAllForUpdate(tx, domainId);
    const locked = await this.users.findLocked(tx);
    // Someone who logged in after the lists were asked for is known better already.
    const untouched = new Set(
      recorded
        .filter(({ id, observedAt }) => locked.has(id) || (observedAt !== null && observedAt >= askedAt))
        .map(({ id }) => id),
    );
    const inKeystone = recorded.filter(({ openstackId }) => openstackId !== null);
    const gone = inKeystone.filter(({ openstackId }) => goneUsers.has(openstackId ?? ''));
    const mass = {
      gone,
      live: inKeystone.length,
      nameOf: ({ accountId }: UserEntity) => accountId,
      seenNames: users.map(({ accountId }) => accountId),
    };
    const held = massOf(mass, policies);
    for (const { id } of held) untouched.add(id);
    for (const { id } of gone) if (!untouched.has(id)) await this.removeUser(tx, id);
    const byOpenstackId = new Map(recorded.map((row) => [row.openstackId, row]));
    const userIds = new Map<string, number>();
    const unchanged: number[] = [];
    for (const seen of users) {
      const row = byOpenstackId.get(seen.openstackId);
      if (row !== undefined && untouched.has(row.id)) continue;
      const facts = keepsAdmins && row?.isAdmin === true ? { ...seen, isAdmin: true } : seen;
      const id = row === undefined ? await this.users.insert(tx, domainId, facts, askedAt) : row.id;
      if (row !== undefined && isSame(row, facts)) unchanged.push(row.id);
      else if (id === null || (row !== undefined && !(await this.users.update(tx, row.id, facts))))
        this.reportCollision('user', facts.openstackId, facts.accountId);
      if (id !== null) userIds.set(facts.openstackId, id);
    }
    if (!keepsAdmins) await this.dropAdmins(tx, recorded, { users, untouched });
    await this.users.markObserved(tx, unchanged);
    return { userIds, untouched, held: held.size };
  }

  /** Who lost every role is not in the list of people any more. */
  private async dropAdmins(
    tx: EntityManager,
    recorded: Awaited<ReturnType<UserRepository['findAllForUpdate']>>,
    { users, untouched }: { readonly users: readonly UserFacts[]; readonly untouched: ReadonlySet<number> },
  ): Promise<void> {
    const listed = new Set(users.map(({ openstackId }) => openstackId));
    for (const row of recorded) {
      if (!row.isAdmin || row.openstackId === null || listed.has(row.openstackId) || untouched.has(row.id)) continue;
      await this.users.update(tx, row.id, {
        openstackId: row.openstackId,
        accountId: row.accountId,
        enabled: row.enabled,
        isAdmin: false,
      });
    }
  }

  /** Makes the places of one user, or of all that `mayChange` allows, exactly these. */
  private async savePlaces(tx: EntityManager, observed: ObservedPlaces): Promise<void> {
    const { userId, askedAt, mayChange } = observed;
    const found = await this.projects.findPlaces(tx, userId);
    // Read after the places: an operation that ended in between is among these.
    const changed = await this.identity.placesChangedSince(tx, askedAt);
    const keyOf = (place: Omit<Place, 'role'>): string => `${String(place.userId)}:${String(place.projectId)}`;
    const better = new Set(changed.map(keyOf));
    const wanted = observed.places.filter((place) => !better.has(keyOf(place)));
    const recorded = found.filter((place) => !better.has(keyOf(place)));
    const byKey = new Map(recorded.map((place) => [keyOf(place), place]));
    const wantedKeys = new Set(wanted.map(keyOf));
    await this.projects.insertPlaces(
      tx,
      wanted.filter((place) => !byKey.has(keyOf(place))),
    );
    for (const place of wanted) {
      const row = byKey.get(keyOf(place));
      if (row !== undefined && row.role !== place.role && !row.isLocked)
        await this.projects.setRole(tx, row.id, place.role);
    }
    const extra = recorded.filter((row) => !wantedKeys.has(keyOf(row)) && !row.isLocked && mayChange(row));
    await this.projects.removePlaces(
      tx,
      extra.map(({ id }) => id),
    );
  }

  private reportCollision(type: string, openstackId: string, name: string): void {
    this.logger.warn({ type, openstackId, name }, 'the name belongs to another live row of ours; it is left as it is');
  }
}

function isSame(
  row: { readonly accountId: string; readonly enabled: boolean; readonly isAdmin: boolean },
  facts: UserFacts,
): boolean {
  return row.accountId === facts.accountId && row.enabled === facts.enabled && row.isAdmin === facts.isAdmin;
}
