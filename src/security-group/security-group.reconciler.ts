import { Injectable, type OnModuleInit } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { DeploymentService } from '../database/deployment.service.js';
import type { EntityManager } from '../database/transaction.js';
import { parseMarker } from '../openstack/marker.js';
import type { OpenStackCall } from '../openstack/openstack-call.js';
import { MarkedObjectSource } from '../reconciliation/marked-object-source.js';
import { MarkedReconciler } from '../reconciliation/marked-reconciler.js';
import type { Difference, FollowOptions, MarkedResource, RowSelection } from '../reconciliation/marked-resource.js';
import { OrphanSources } from '../reconciliation/orphan-source.js';
import { ReconcilerKit } from '../reconciliation/reconciler-kit.js';
import { Reconcilers, type ManagedProject } from '../reconciliation/reconciler.js';
import {
  compareGroup,
  followedRules,
  followedWords,
  nameOf,
  type ReconciledSecurityGroup,
} from './security-group-comparison.js';
import { followedDescription, neutronDescription, splitDescription } from './security-group-description.js';
import { SecurityGroupReconciliationRepository } from './security-group-reconciliation.repository.js';
import { SecurityGroupRuleRepository } from './security-group-rule.repository.js';
import { SecurityGroupClient, type ObservedSecurityGroup } from './security-group.client.js';
import { SecurityGroupRepository } from './security-group.repository.js';

/** Keeps the rows of security groups and rules true to Neutron, and registers groups with the sweep for orphans. */
@Injectable()
export class SecurityGroupReconciler
  implements MarkedResource<ReconciledSecurityGroup, ObservedSecurityGroup>, OnModuleInit
{
  readonly resourceType = 'security_group';
  readonly order = 10;

  constructor(
    private readonly reconcilers: Reconcilers,
    private readonly kit: ReconcilerKit,
    private readonly sources: OrphanSources,
    private readonly deployment: DeploymentService,
    private readonly client: SecurityGroupClient,
    private readonly repository: SecurityGroupReconciliationRepository,
    private readonly groups: SecurityGroupRepository,
    private readonly rules: SecurityGroupRuleRepository,
  ) {}

  onModuleInit(): void {
    this.reconcilers.register(new MarkedReconciler(this, this.kit));
    this.sources.register(
      new MarkedObjectSource({
        resourceType: 'security_group',
        order: 5,
        list: (call) => this.client.list(call),
        get: (call, openstackId) => this.client.get(call, openstackId),
        remove: (call, openstackId) => this.client.delete(call, openstackId),
        markers: (group) => this.markers(group),
      }),
    );
  }

  list(call: OpenStackCall): AsyncGenerator<readonly ObservedSecurityGroup[]> {
    return this.client.list(call);
  }

  listChanged(call: OpenStackCall, since: Date): AsyncGenerator<readonly ObservedSecurityGroup[]> {
    return this.client.listChanged(call, since);
  }

  get(call: OpenStackCall, openstackId: string): Promise<ObservedSecurityGroup> {
    return this.client.get(call, openstackId);
  }

  markers({ description }: ObservedSecurityGroup): readonly string[] {
    const { marker } = splitDescription(description);
    return marker === null ? [] : [marker];
  }

  rows(manager: EntityManager, selection: RowSelection): Promise<readonly ReconciledSecurityGroup[]> {
    return this.repository.rows(manager, selection);
  }

  context(): Promise<null> {
    return Promise.resolve(null);
  }

  compare(row: ReconciledSecurityGroup, seen: ObservedSecurityGroup): readonly Difference[] {
    return compareGroup(row, seen);
  }

  async follow(
    tx: EntityManager,
    row: ReconciledSecurityGroup,
    seen: ObservedSecurityGroup,
    _context: null,
    { takesName }: FollowOptions,
  ): Promise<void> {
    const words = followedWords(row, seen);
    const isSaidTheSame = words.name === row.name && words.description === row.description;
    if (takesName && !isSaidTheSame) await this.repository.setWords(tx, row.id, words);
    await this.rules.mirror(tx, new Map([[row.id, followedRules(seen)]]));
  }

  /** With it go the rules of others that let its members in. */
  async removed(tx: EntityManager, { id, openstackId }: ReconciledSecurityGroup): Promise<void> {
    if (openstackId !== null) await this.rules.deleteReferencesTo(tx, openstackId);
    await this.rules.deleteOf(tx, id);
    await this.groups.tombstone(tx, id, 'external');
  }

  remove(call: OpenStackCall, openstackId: string): Promise<void> {
    return this.client.delete(call, openstackId);
  }

  async rename(call: OpenStackCall, row: ReconciledSecurityGroup, seen: ObservedSecurityGroup): Promise<void> {
    const marker = this.markers(seen)[0] ?? null;
    await this.client.update(call, seen.openstackId, {
      // Of the group `default` Neutron takes no name, not even its own.
      name: seen.name === 'default' ? null : row.name,
      description: neutronDescription({ description: row.description, marker }),
      revision: seen.revision,
    });
  }

  /**
   * Gives a group whose row was deleted that row again. False where there is none, or an operation works on it.
   *
   * @param sentAt the database's time before the group was asked for
   */
  async restore(tx: EntityManager, seen: ObservedSecurityGroup, sentAt: Date): Promise<boolean> {
    const selection = { by: 'objects', openstackIds: [seen.openstackId], uuids: [] } as const;
    const row = (await this.repository.rows(tx, selection)).find(({ openstackId }) => openstackId === seen.openstackId);
    if (row?.isDeleted !== 1 || row.operationId !== null) return false;
    await this.repository.restore(tx, row.id, followedWords(row, seen), sentAt);
    await this.rules.mirror(tx, new Map([[row.id, followedRules(seen)]]));
    return true;
  }

  async adopt(tx: EntityManager, seen: ObservedSecurityGroup, project: ManagedProject): Promise<number> {
    const text = this.markers(seen)[0] ?? null;
    const marker = text === null ? null : parseMarker(text);
    const isOurs = marker?.deployment === (await this.deployment.deploymentId());
    const id = await this.repository.insertAdopted(tx, {
      openstackId: seen.openstackId,
      // Of a record that was lost: what carries it goes on being recognised.
      uuid: isOurs ? marker.uuid : randomUUID(),
      projectId: project.id,
      name: nameOf(seen),
      description: followedDescription({ description: null, marker: isOurs ? text : null }, seen.description),
      // Neutron makes one group of this name for each project and lets nobody make another.
      isDefault: seen.name === 'default',
    });
    await this.rules.mirror(tx, new Map([[id, followedRules(seen)]]));
    return id;
  }
}
