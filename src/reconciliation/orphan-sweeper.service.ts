import { Injectable, Logger } from '@nestjs/common';
import { Config } from '../config/config.js';
import { Database } from '../database/database.js';
import { DeploymentService } from '../database/deployment.service.js';
import type { HeldLease } from '../database/lease.service.js';
import { Transaction, type EntityManager } from '../database/transaction.js';
import { OpenStackError } from '../openstack/openstack-errors.js';
import { Loops, type LoopTurn, type ReconciliationLoop } from './loops.js';
import { OrphanSources, type MarkedObject, type MarkedRow, type OrphanSource } from './orphan-source.js';
import { OrphanRepository } from './orphan.repository.js';
import { PauseRepository } from './pause.repository.js';
import { PolicyRepository } from './policy.repository.js';

/**
 * Takes out of OpenStack what we made there and no row owns: what a lost answer made twice, or what took effect after its
 * deletion. An orphan carries this deployment's marker, its uuid is in our table, no operation holds that row, and the row
 * was deleted here or records another id. An unknown uuid is never touched: a database restored from yesterday deletes nothing.
 */
@Injectable()
export class OrphanSweeper implements ReconciliationLoop {
  readonly name = 'orphans';
  readonly intervalMs: number;
  readonly restMs: number;
  readonly runsAtStart = true;
  private readonly logger = new Logger(OrphanSweeper.name);
  private readonly minimumAgeMs: number;

  constructor(
    config: Config,
    loops: Loops,
    private readonly database: Database,
    private readonly transaction: Transaction,
    private readonly deployment: DeploymentService,
    private readonly sources: OrphanSources,
    private readonly orphans: OrphanRepository,
    private readonly policies: PolicyRepository,
    private readonly pauses: PauseRepository,
  ) {
    const { ORPHAN_SWEEP_MS, LEASE_MS, HTTP_TIMEOUT_MS, SETTLING_MS } = config.settings;
    this.minimumAgeMs = LEASE_MS + HTTP_TIMEOUT_MS + SETTLING_MS;
    this.intervalMs = ORPHAN_SWEEP_MS;
    this.restMs = Math.floor(ORPHAN_SWEEP_MS / 2);
    loops.register(this);
  }

  describe(): string {
    return 'Looks for what was made here and belongs to nothing any more, and deletes it if the policy says so.';
  }

  run(turn: LoopTurn): Promise<void> {
    return turn.underLease((lease) => this.sweep(lease));
  }

  private async sweep(lease: HeldLease): Promise<void> {
    const deploymentId = await this.deployment.deploymentId();
    for (const source of this.sources.all()) {
      for await (const page of source.list(deploymentId)) {
        await lease.renew();
        await this.sweepPage(source, page, deploymentId, lease);
      }
    }
  }

  private async sweepPage(
    source: OrphanSource,
    page: readonly MarkedObject[],
    deploymentId: string,
    lease: HeldLease,
  ): Promise<void> {
    if (page.length === 0) return;
    const due = await this.database.read(async (manager) => {
      const orphans = await this.orphansAmong(manager, source, page, false);
      await this.orphans.see(manager, source.resourceType, orphans);
      return this.orphans.seenSince(manager, source.resourceType, orphans, this.minimumAgeMs);
    });
    for (const orphan of due) await this.remove(source, orphan, deploymentId, lease);
  }

  private async remove(
    source: OrphanSource,
    orphan: MarkedObject,
    deploymentId: string,
    lease: HeldLease,
  ): Promise<void> {
    const fields = { resourceType: source.resourceType, openstackId: orphan.openstackId, uuid: orphan.uuid };
    const { value: policies } = await this.database.read((manager) => this.policies.policies(manager));
    if (policies.orphans === 'report') {
      this.logger.warn(fields, 'an object that we left over is still in OpenStack');
      return;
    }
    try {
      const object = await source.look(orphan, deploymentId);
      // A pause counts from the moment it is answered, for a turn that is under way too: this deletes.
      if (await this.database.read(async (manager) => (await this.pauses.find(manager)) !== null)) return;
      const isStill =
        object !== null &&
        (await this.transaction.run(async (tx) => (await this.orphansAmong(tx, source, [object], true)).length === 1));
      if (!isStill) {
        await this.database.read((manager) => this.orphans.forget(manager, source.resourceType, orphan.openstackId));
        return;
      }
      await source.remove(object, {
        scope: { kind: 'project', projectId: object.projectOpenstackId },
        beforeSend: () => lease.renew(),
      });
      await this.database.read((manager) => this.orphans.setDeleted(manager, source.resourceType, orphan.openstackId));
      this.logger.log(fields, 'an object that we left over was deleted from OpenStack');
    } catch (error) {
      // In use, or OpenStack is away: the next sweep sees it again.
      if (!(error instanceof OpenStackError)) throw error;
      this.logger.warn({ ...fields, status: error.status, text: error.text }, 'an orphan could not be deleted yet');
    }
  }

  private async orphansAmong(
    manager: EntityManager,
    source: OrphanSource,
    objects: readonly MarkedObject[],
    lock: boolean,
  ): Promise<readonly MarkedObject[]> {
    const rows = await source.rows(
      manager,
      objects.map((object) => object.uuid),
      lock,
    );
    const locked = await this.orphans.lockedIds(
      manager,
      source.resourceType,
      rows.map((row) => row.id),
    );
    const byUuid = new Map(rows.map((row) => [row.uuid, row]));
    return objects.filter((object) => isOrphan(object, byUuid.get(object.uuid), locked));
  }
}

/** The rule by which something is deleted unasked; `row` is undefined for a marker that we do not know. */
export function isOrphan(object: MarkedObject, row: MarkedRow | undefined, lockedIds: ReadonlySet<number>): boolean {
  if (row === undefined || lockedIds.has(row.id)) return false;
  // It was given to another project, whose it is now.
  if (row.projectOpenstackId !== object.projectOpenstackId) return false;
  // Nobody asked for its deletion: it was missed, and is back. A comparison gives it its row again.
  if (row.deletedReason === 'external' && row.openstackId === object.openstackId) return false;
  return row.isDeleted || row.openstackId !== object.openstackId;
}
