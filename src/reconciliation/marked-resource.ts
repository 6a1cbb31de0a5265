import type { EntityManager } from '../database/transaction.js';
import type { DeletedReason } from '../database/managed-columns.js';
import type { OpenStackCall } from '../openstack/openstack-call.js';
import type { Fact } from './finding-kind.js';
import type { MarkedTable } from './marked-rows.js';
import type { ManagedProject } from './reconciler.js';

/** What every row has whose object can carry a marker; select it with `reconciledColumns`. */
export interface ReconciledRow {
  readonly id: number;
  readonly uuid: string;
  readonly openstackId: string | null;
  readonly projectId: number;
  readonly name: string | null;
  readonly observedAt: Date | null;
  readonly createdAt: Date;
  readonly missingSince: Date | null;
  readonly isDeleted: 0 | 1;
  readonly deletedReason: DeletedReason | null;
  /** The operation that holds it. */
  readonly operationId: number | null;
  /** The database's clock when it was read. */
  readonly readAt: Date;
}

/** The columns of ReconciledRow but `name`, of the table that `alias` stands for; needs the join of `lockJoin`. */
export function reconciledColumns(alias: string): string {
  const r = alias;
  return `${r}.id, ${r}.uuid, ${r}.openstack_id AS openstackId, ${r}.project_id AS projectId, ${r}.observed_at AS observedAt,
    ${r}.created_at AS createdAt, ${r}.missing_since AS missingSince, ${r}.deleted_at IS NOT NULL AS isDeleted,
    ${r}.deleted_reason AS deletedReason, held.operation_id AS operationId, NOW(3) AS readAt`;
}

export function lockJoin(alias: string, resourceType: MarkedTable): string {
  return `LEFT JOIN operation_lock held ON held.resource_type = '${resourceType}' AND held.resource_id = ${alias}.id`;
}

/** Which rows: those that record one of the objects or whose uuid is in a marker, tombstones included; or those of these ids. */
export type RowSelection =
  | { readonly by: 'objects'; readonly openstackIds: readonly string[]; readonly uuids: readonly string[] }
  | { readonly by: 'ids'; readonly ids: readonly number[] };

/** The WHERE of a selection for the table that `alias` stands for, and its parameters. Never selects everything. */
export function selectedRows(alias: string, selection: RowSelection): readonly [string, readonly unknown[]] {
  const list = (values: readonly unknown[]): readonly unknown[] => (values.length === 0 ? [''] : values);
  if (selection.by === 'ids') return [`${alias}.id IN (?)`, [list(selection.ids)]];
  return [
    `(${alias}.openstack_id IN (?) OR ${alias}.uuid IN (?))`,
    [list(selection.openstackIds), list(selection.uuids)],
  ];
}

/** An object as its list shows it. */
export interface SeenObject {
  readonly openstackId: string;
  /** OpenStack's id; null for what belongs to none. */
  readonly projectId: string | null;
  readonly name: string;
}

/** One fact of which row and object say different things. */
export interface Difference {
  /** As the API names it. */
  readonly field: string;
  readonly ours: Fact;
  readonly theirs: Fact;
  /** A `name` is subject to the policy on names. `status` and `fault` give the finding its type. */
  readonly kind: 'status' | 'fault' | 'name' | 'field';
}

export interface FollowOptions {
  /** False: the row keeps its name and description, whatever OpenStack says. */
  readonly takesName: boolean;
}

/**
 * What the kernel must know of one type of resource to reconcile it. `Context` is what `compare` needs besides row and object, e.g. which
 * servers that the page mentions are ours.
 */
export interface MarkedResource<Row extends ReconciledRow, Seen extends SeenObject, Context = null> {
  readonly resourceType: MarkedTable;
  readonly order: number;
  list(call: OpenStackCall): AsyncGenerator<readonly Seen[]>;
  /** Objects that changed since (the service's clock); deleted ones may be among them. Null: the service has no such list. */
  readonly listChanged: ((call: OpenStackCall, since: Date) => AsyncGenerator<readonly Seen[]>) | null;
  /** @throws OpenStackNotFound */
  get(call: OpenStackCall, openstackId: string): Promise<Seen>;
  /** The texts that may be a marker, and nothing but a marker. */
  markers(seen: Seen): readonly string[];
  /** Known to be there, but not to be judged: its cell is down. */
  isIncomplete?(seen: Seen): boolean;
  /** OpenStack's own, which nobody manages: a router's port. Never a finding. */
  isForeign?(seen: Seen): boolean;
  /** Shown although it is gone, as `listChanged` of Nova does. */
  isGone?(seen: Seen): boolean;
  /** One statement, two at most. */
  rows(manager: EntityManager, selection: RowSelection): Promise<readonly Row[]>;
  /** One statement at most; what the objects of a page refer to. */
  context(manager: EntityManager, seen: readonly Seen[]): Promise<Context>;
  /** Pure. Nothing when the row says what OpenStack says. */
  compare(row: Row, seen: Seen, context: Context): readonly Difference[];
  /** Since when it stands in a transition that no operation of ours works on, and what a person can do; null when it does not. */
  transition?(seen: Seen): { readonly since: Date; readonly repair: string } | null;
  /**
   * Writes what OpenStack shows into the row, which is locked; `observed_at`, `missing_since` and `version` are the kernel's.
   */
  follow(tx: EntityManager, row: Row, seen: Seen, context: Context, options: FollowOptions): Promise<void>;
  /** The object is gone for good: the row is deleted with reason `external`, and what hung on it is looked after. */
  removed(tx: EntityManager, row: Row): Promise<void>;
  /** Deletes an orphan. @throws OpenStackNotFound when it is gone already */
  remove(call: OpenStackCall, openstackId: string): Promise<void>;
  /** Gives the object the row's name; left out where names cannot be changed. */
  rename?(call: OpenStackCall, row: Row, seen: Seen): Promise<void>;
  /** Inserts a row with `managed_by` 'adopted' for the object; returns its id. A name that is taken gets -2, -3 … */
  adopt(tx: EntityManager, seen: Seen, project: ManagedProject): Promise<number>;
}
