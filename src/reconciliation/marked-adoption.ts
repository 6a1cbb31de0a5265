import { Injectable } from '@nestjs/common';
import { duplicateKey } from '../database/database-errors.js';
import { Database } from '../database/database.js';
import { DeploymentService } from '../database/deployment.service.js';
import { Transaction, type EntityManager } from '../database/transaction.js';
import { parseMarker } from '../openstack/marker.js';
import { AdoptionRefused, UnmanagedResourceNotFound } from './adoption.errors.js';
import type { Adopted, AdoptionCommand } from './adoption.js';
import { ManagedProjectRepository } from './managed-project.repository.js';
import type { MarkedResource, ReconciledRow, SeenObject } from './marked-resource.js';
import type { MarkedTable } from './marked-rows.js';
import type { ManagedProject } from './reconciler.js';

/** An object that was seen and is to have a row. */
export interface Adoptable {
  readonly type: MarkedTable;
  readonly openstackId: string;
  readonly name: string;
  /** OpenStack's id. */
  readonly projectId: string | null;
  readonly markers: readonly string[];
  /** Those that record it or whose uuid is one of these, tombstones included. */
  rows(manager: EntityManager, uuids: readonly string[]): Promise<readonly ReconciledRow[]>;
  insert(tx: EntityManager, project: ManagedProject): Promise<number>;
  /** The row that is there already takes over what was seen, unless an operation holds it or knows better. */
  follow(tx: EntityManager, askedAt: Date): Promise<void>;
}

export function adoptable<Row extends ReconciledRow, Seen extends SeenObject, Context>(
  resource: MarkedResource<Row, Seen, Context>,
  seen: Seen,
): Adoptable {
  const { openstackId, projectId, name } = seen;
  const rows = (manager: EntityManager, uuids: readonly string[]): Promise<readonly Row[]> =>
    resource.rows(manager, { by: 'objects', openstackIds: [openstackId], uuids });
  return {
    type: resource.resourceType,
    openstackId,
    projectId,
    name: name === '' ? openstackId : name,
    markers: resource.markers(seen),
    rows,
    insert: (tx, project) => resource.adopt(tx, seen, project),
    follow: async (tx, askedAt) => {
      const [row] = await rows(tx, []);
      if (row?.operationId !== null) return;
      if (row.observedAt !== null && row.observedAt >= askedAt) return;
      const context = await resource.context(tx, [seen]);
      if (resource.compare(row, seen, context).length === 0) return;
      await resource.follow(tx, row, seen, context, { takesName: false });
    },
  };
}

/** Gives objects that belong together their rows, in one transaction and in their order: what others refer to first. */
@Injectable()
export class MarkedAdoption {
  constructor(
    private readonly database: Database,
    private readonly transaction: Transaction,
    private readonly deployment: DeploymentService,
    private readonly projects: ManagedProjectRepository,
  ) {}

  /** The database's clock, to be read before OpenStack is asked. */
  async now(): Promise<Date> {
    const rows: { now: Date }[] = await this.database.read((manager) => manager.query('SELECT NOW(3) AS now'));
    return rows[0]?.now ?? new Date(0);
  }

  /**
   * May be repeated: what has a row keeps it. `finish` runs at the end of the transaction, with our ids in the objects' order.
   *
   * @returns in the objects' order.
   * @throws AdoptionRefused, nothing being written then
   */
  async adopt(
    { project, isDryRun }: AdoptionCommand,
    objects: readonly Adoptable[],
    askedAt: Date,
    finish: (tx: EntityManager, adopted: readonly Adopted[]) => Promise<void> = () => Promise.resolve(),
  ): Promise<readonly Adopted[]> {
    const deploymentId = await this.deployment.deploymentId();
    if (isDryRun) {
      return this.database.read(async (manager) => {
        const planned: Adopted[] = [];
        for (const object of objects) planned.push(await plan(manager, object, project, deploymentId));
        return planned;
      });
    }
    const work = async (tx: EntityManager): Promise<readonly Adopted[]> => {
      if (!(await this.projects.isOpen(tx, project.id)))
        throw new AdoptionRefused('its project is not managed here any more');
      const adopted: Adopted[] = [];
      for (const object of objects) adopted.push(await take(tx, object, project, deploymentId, askedAt));
      await finish(tx, adopted);
      return adopted;
    };
    try {
      return await this.transaction.run(work);
    } catch (error) {
      // Another replica has inserted one of them just now: then it is there.
      if (duplicateKey(error)?.endsWith('_openstack_id') !== true) throw error;
      return this.transaction.run(work);
    }
  }
}

/** @throws UnmanagedResourceNotFound when what is to be adopted is not in the project that was named */
export function requireInProject(
  { projectId, openstackId }: SeenObject,
  type: MarkedTable,
  project: ManagedProject,
): void {
  if (projectId !== project.openstackId) throw new UnmanagedResourceNotFound(type, openstackId);
}

async function take(
  tx: EntityManager,
  object: Adoptable,
  project: ManagedProject,
  deploymentId: string,
  askedAt: Date,
): Promise<Adopted> {
  await tx.query(`SELECT id FROM ${object.type} WHERE openstack_id = ? FOR UPDATE`, [object.openstackId]);
  const planned = await plan(tx, object, project, deploymentId);
  if (planned.id !== null) {
    await object.follow(tx, askedAt);
    return planned;
  }
  // A tombstone may have recorded it: from now on another row does.
  await tx.query(`UPDATE ${object.type} SET openstack_id = NULL WHERE openstack_id = ? AND deleted_at IS NOT NULL`, [
    object.openstackId,
  ]);
  return { ...planned, id: await object.insert(tx, project) };
}

/** @throws AdoptionRefused */
async function plan(
  manager: EntityManager,
  object: Adoptable,
  project: ManagedProject,
  deploymentId: string,
): Promise<Adopted> {
  const { type, openstackId, name } = object;
  const what = `${type} ${openstackId}`;
  if (object.projectId !== project.openstackId) throw new AdoptionRefused(`${what} is in another project`);
  const markers = object.markers.map((text) => parseMarker(text)).filter((marker) => marker !== null);
  if (markers.some(({ deployment }) => deployment !== deploymentId)) {
    throw new AdoptionRefused(`${what} carries the marker of another installation`);
  }
  const uuids = markers.map(({ uuid }) => uuid);
  const rows = await object.rows(manager, uuids);
  const recording = rows.find((row) => row.openstackId === openstackId && row.isDeleted === 0);
  if (recording !== undefined) {
    if (recording.projectId !== project.id) throw new AdoptionRefused(`${what} is recorded in another project`);
    return { type, id: recording.id, openstackId, name, isNew: false };
  }
  const maker = rows.find(({ uuid }) => uuids.includes(uuid));
  if (maker !== undefined) {
    throw new AdoptionRefused(`${what} is left over of ${type} ${String(maker.id)} of this installation`);
  }
  return { type, id: null, openstackId, name, isNew: true };
}
