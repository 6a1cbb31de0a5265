import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from '../database/transaction.js';
import { ProjectRepository } from '../project/project.repository.js';
import { AnswerWatch } from '../reconciliation/answer-watch.js';
import { fingerprint, type Finding, type FindingDraft } from '../reconciliation/finding.js';
import { ReconcilerKit } from '../reconciliation/reconciler-kit.js';
import {
  Reconcilers,
  type ApplyContext,
  type ApplyOutcome,
  type PlanContext,
  type PlannedPage,
  type Refreshed,
  type ResourceReconciler,
} from '../reconciliation/reconciler.js';
import { UserRepository } from '../user/user.repository.js';
import { hasSuccessor, identityFindings, type IdentityLook, type IdentityType } from './identity-findings.js';
import { IdentityRecordService } from './identity-record.service.js';
import { IdentityRepository } from './identity.repository.js';
import { KeystoneIdentityService } from './keystone-identity.service.js';
import { ProjectResourcesRepository } from './project-resources.repository.js';

/** What others refer to comes first. */
const orders: Readonly<Record<IdentityType, number>> = { project: 1, user: 2, project_user: 3 };

/**
 * Registers projects, people and members with the reconciliation. The loop of the import does the same more often; a run shows what it
 * would do, and what it is kept from doing.
 */
@Injectable()
export class IdentityReconciler implements OnModuleInit {
  constructor(
    private readonly reconcilers: Reconcilers,
    private readonly kit: ReconcilerKit,
    private readonly keystone: KeystoneIdentityService,
    private readonly identity: IdentityRepository,
    private readonly record: IdentityRecordService,
    private readonly projects: ProjectRepository,
    private readonly users: UserRepository,
    private readonly resources: ProjectResourcesRepository,
  ) {}

  onModuleInit(): void {
    for (const type of ['project', 'user', 'project_user'] as const) this.reconcilers.register(this.of(type));
  }

  private of(resourceType: IdentityType): ResourceReconciler {
    return {
      resourceType,
      order: orders[resourceType],
      plan: (context) => this.plan(resourceType, context),
      apply: (finding, context) => this.apply(finding, context),
      changed: null,
      refresh: (id, context) => this.refresh(resourceType, id, context),
    };
  }

  private async *plan(resourceType: IdentityType, context: PlanContext): AsyncGenerator<PlannedPage> {
    const look = await this.look();
    const findings = identityFindings(look, context).filter((draft) => draft.resourceType === resourceType);
    yield { findings, write: null, complete: resourceType !== 'project_user' || look.observed.arePlacesComplete };
  }

  private async apply(finding: Finding, context: ApplyContext): Promise<ApplyOutcome> {
    const look = await this.look();
    const drafts = identityFindings(look, context);
    if (!drafts.some((draft) => fingerprint(draft) === fingerprint(finding) || isLeftOf(finding, draft)))
      return { state: 'SKIPPED', reason: 'the row or Keystone has changed since the plan was made' };
    return this.kit.transaction.run(async (tx) => {
      await context.fence(tx);
      return this.write(tx, finding, look);
    });
  }

  private async refresh(resourceType: IdentityType, id: number, context: PlanContext): Promise<Refreshed | null> {
    const look = await this.look();
    const rows = { project: look.recorded.projects, user: look.recorded.users, project_user: look.recorded.places };
    if (!rows[resourceType].some((row) => row.id === id)) return null;
    const findings = identityFindings(look, { ...context, isEverything: true }).filter(
      (draft) => draft.resourceType === resourceType && draft.resourceId === id,
    );
    const applied: FindingDraft[] = [];
    for (const draft of findings.filter(({ action }) => action === 'FOLLOW')) {
      const outcome = await this.kit.transaction.run((tx) => this.write(tx, draft, look));
      if (outcome.state === 'APPLIED') applied.push(draft);
    }
    return { findings: applied, observedAt: look.observed.askedAt };
  }

  private async look(): Promise<IdentityLook> {
    const known = await this.kit.read((manager) => this.identity.known(manager));
    const watch = new AnswerWatch();
    const observed = await this.keystone.look(known, watch.call({ kind: 'admin' }));
    return this.kit.read(async (manager) => {
      const recorded = await this.identity.recorded(manager, observed.askedAt);
      const left = new Map<number, number>();
      for (const { id, openstackId } of recorded.projects) {
        if (observed.goneProjects.has(openstackId)) left.set(id, (await this.resources.find(manager, id)).length);
      }
      return { observed, recorded, left, evidence: watch.evidence(observed.askedAt) };
    });
  }

  /** Behind the lock of the row, and only if nothing has moved it since Keystone was asked. */
  private async write(tx: EntityManager, finding: FindingDraft, look: IdentityLook): Promise<ApplyOutcome> {
    if (finding.resourceType === 'project') return this.writeProject(tx, finding, look);
    if (finding.resourceType === 'user') return this.writeUser(tx, finding, look);
    return this.writePlace(tx, finding, look);
  }

  private async writeProject(
    tx: EntityManager,
    { resourceId, openstackId, action }: FindingDraft,
    { observed }: IdentityLook,
  ): Promise<ApplyOutcome> {
    if (resourceId !== null) {
      await this.projects.findForUpdate(tx, resourceId);
      const { projects } = await this.identity.recorded(tx, observed.askedAt);
      const row = projects.find(({ id }) => id === resourceId);
      if (row?.isBusy !== false) return moved;
      if (action === 'MARK_MISSING') {
        await this.record.letGo(tx, row, hasSuccessor(row, observed));
        return applied;
      }
    }
    if (action === 'TOMBSTONE' && resourceId !== null) await this.projects.tombstone(tx, resourceId);
    else {
      const facts = observed.projects.find((project) => project.openstackId === openstackId);
      if (facts !== undefined) return taken(await this.record.saveProject(tx, observed.domain, facts));
      if (resourceId !== null) await this.projects.disable(tx, resourceId);
    }
    return applied;
  }

  private async writeUser(
    tx: EntityManager,
    { resourceId, openstackId, action, after }: FindingDraft,
    { observed, recorded }: IdentityLook,
  ): Promise<ApplyOutcome> {
    if (resourceId !== null) {
      await this.users.findForUpdate(tx, resourceId);
      const { users } = await this.identity.recorded(tx, observed.askedAt);
      if (users.find(({ id }) => id === resourceId)?.isBusy !== false) return moved;
    }
    if (action === 'TOMBSTONE' && resourceId !== null) {
      await this.record.removeUser(tx, resourceId);
      return applied;
    }
    const seen = observed.users.find((user) => user.openstackId === openstackId);
    const row = recorded.users.find(({ id }) => id === resourceId);
    if (row === undefined) return seen === undefined ? moved : taken(await this.record.saveFacts(tx, observed, seen));
    const facts = seen ?? { ...row, isAdmin: false };
    // Only what the finding says is written.
    const isAdmin = after !== null && 'is_admin' in after ? facts.isAdmin : row.isAdmin;
    return taken(await this.record.saveFacts(tx, observed, { ...facts, isAdmin }));
  }

  private async writePlace(
    tx: EntityManager,
    { resourceId, after, action }: FindingDraft,
    { observed }: IdentityLook,
  ): Promise<ApplyOutcome> {
    const { users, projects, places, busyPlaces } = await this.identity.recorded(tx, observed.askedAt);
    if (resourceId === null) {
      const seen = observed.places.find(
        ({ user, project }) => user === after?.['user'] && project === after['project'],
      );
      const userId = users.find(({ openstackId }) => openstackId === seen?.user)?.id;
      const projectId = projects.find(({ openstackId }) => openstackId === seen?.project)?.id;
      if (seen === undefined || userId === undefined || projectId === undefined) return moved;
      if (busyPlaces.some((busy) => busy.userId === userId && busy.projectId === projectId)) return moved;
      await this.projects.insertPlaces(tx, [{ userId, projectId, role: seen.role }]);
      return applied;
    }
    const row = places.find(({ id }) => id === resourceId);
    if (row === undefined) return moved;
    const held = await this.projects.findPlaceForUpdate(tx, row);
    const isBusy = busyPlaces.some((busy) => busy.userId === row.userId && busy.projectId === row.projectId);
    if (held?.operationId !== null || isBusy) return moved;
    const seen = observed.places.find(
      ({ user, project }) => user === row.userOpenstackId && project === row.projectOpenstackId,
    );
    if (action === 'TOMBSTONE') await this.projects.removePlaces(tx, [resourceId]);
    else if (seen !== undefined) await this.projects.setRole(tx, resourceId, seen.role);
    return applied;
  }
}

const applied: ApplyOutcome = { state: 'APPLIED' };
const moved: ApplyOutcome = { state: 'SKIPPED', reason: 'the row has changed since Keystone was asked' };

/** Of many who were missing together fewer are left with each one that is applied, until those are not many any more. */
function isLeftOf(mass: FindingDraft, draft: FindingDraft): boolean {
  if (mass.type !== 'MASS_MISSING' || (draft.type !== 'MISSING' && draft.type !== 'DELETED_OUTSIDE')) return false;
  const { type, allowed } = mass;
  return fingerprint({ ...draft, type, allowed }) === fingerprint(mass);
}

function taken(isSaved: boolean): ApplyOutcome {
  return isSaved ? applied : { state: 'FAILED', reason: 'The name belongs to another live row here.' };
}
