import type { EntityManager } from '../database/transaction.js';
import { OpenStackNotFound } from '../openstack/openstack-errors.js';
import type { AnswerWatch } from './answer-watch.js';
import type { MarkedResource, ReconciledRow, SeenObject } from './marked-resource.js';
import type { ManagedProject, PlanContext } from './reconciler.js';
import type { ReconcilerKit } from './reconciler-kit.js';

/** One row and one object of a type of resource, as they are now. */
export class MarkedLook<Row extends ReconciledRow, Seen extends SeenObject, Context> {
  constructor(
    private readonly resource: MarkedResource<Row, Seen, Context>,
    private readonly kit: ReconcilerKit,
  ) {}

  /** Null: it is not there. @throws OpenStackError when that cannot be told */
  async object(watch: AnswerWatch, openstackId: string): Promise<Seen | null> {
    try {
      const seen = await this.resource.get(watch.call({ kind: 'admin' }), openstackId);
      return this.resource.isGone?.(seen) === true ? null : seen;
    } catch (error) {
      if (!(error instanceof OpenStackNotFound)) throw error;
      watch.notFound(error, openstackId);
      return null;
    }
  }

  async row(manager: EntityManager, id: number): Promise<Row | null> {
    const rows = await this.resource.rows(manager, { by: 'ids', ids: [id] });
    return rows[0] ?? null;
  }

  /** Nobody else changes it, or begins an operation on it, until the caller's transaction ends. */
  async lockedRow(tx: EntityManager, id: number): Promise<Row | null> {
    await this.kit.rows.lock(tx, this.resource.resourceType, [id]);
    return this.row(tx, id);
  }
}

/** Why what was asked for at `sentAt` may not be written into the row; null when it may. */
export function whyNot(row: ReconciledRow | null, openstackId: string, sentAt: Date): string | null {
  if (row === null || row.isDeleted === 1) return 'the row is deleted by now';
  if (row.openstackId !== openstackId) return 'the row records another object by now';
  if (row.operationId !== null) return `operation ${String(row.operationId)} works on it`;
  return row.observedAt !== null && row.observedAt >= sentAt ? 'the row was brought up to date meanwhile' : null;
}

export function projectOf({ projectId }: ReconciledRow, { projects }: PlanContext): ManagedProject | null {
  return [...projects.values()].find(({ id }) => id === projectId) ?? null;
}
