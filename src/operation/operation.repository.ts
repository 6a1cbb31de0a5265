import { Injectable } from '@nestjs/common';
import { In, type EntityManager } from 'typeorm';
import { duplicateKey } from '../database/database-errors.js';
import { Database } from '../database/database.js';
import { OperationInProgress } from '../common/errors.js';
import { OperationEntity } from './operation.entity.js';
import type { OperationState, ResourceType } from './operation-state.js';

/** One resource, as locks name it; `id` is ours. */
export interface ResourceRef {
  readonly type: ResourceType;
  readonly id: number;
}

export interface NewOperation {
  readonly uuid: string;
  readonly kind: string;
  readonly resource: ResourceRef;
  readonly serverId: number | null;
  readonly projectId: number | null;
  readonly requestedBy: number | null;
  readonly requestId: string | null;
  readonly step: string;
  readonly input: unknown;
  /** Encrypted. */
  readonly secret: Buffer | null;
  readonly deadlineMs: number;
  /** Leased from birth to this replica for `leaseMs`; null: whoever claims it first. */
  readonly lease: { readonly owner: string; readonly leaseMs: number } | null;
}

/** Which operations a list asks for; `projectId` null: of every project. */
export interface OperationFilter {
  readonly projectId: number | null;
  readonly ids: readonly number[] | null;
  readonly resourceType: ResourceType | null;
  readonly resourceId: number | null;
  readonly state: OperationState | null;
  readonly kind: string | null;
  /** Only what somebody should look at, by this time and with steps of at most this length; null: all. */
  readonly stuck: { readonly now: Date; readonly slowMs: number } | null;
  /** The id at which the page before ended. */
  readonly after: number | null;
  readonly order: 'asc' | 'desc';
  readonly limit: number;
}

/** A claim on a leased operation: every write of leased work names it. */
export interface Holding {
  readonly operationId: number;
  readonly owner: string;
  readonly token: number;
}

interface Matched {
  readonly affectedRows: number;
}

const claimable = `o.state IN ('QUEUED', 'RUNNING', 'NEEDS_ATTENTION') AND o.next_run_at <= NOW(3) AND o.lease_until < NOW(3)
  AND NOT EXISTS (
    SELECT 1 FROM operation c
     WHERE c.server_id = o.server_id AND c.state IN ('CANCELLED', 'FAILED') AND c.lease_until >= NOW(3))`;

/** `stuckReason` in SQL. */
const isStuck = `operation.state IN ('QUEUED', 'RUNNING', 'NEEDS_ATTENTION')
  AND (operation.state = 'NEEDS_ATTENTION' OR operation.deadline_at < :now OR operation.step_since < :slowSince)`;

function slowSince({ now, slowMs }: { readonly now: Date; readonly slowMs: number }): Date {
  return new Date(now.getTime() - slowMs);
}

@Injectable()
export class OperationRepository {
  constructor(private readonly database: Database) {}

  /** Inserts an operation; returns its id. */
  async insert(tx: EntityManager, operation: NewOperation): Promise<number> {
    const { lease } = operation;
    const result: { insertId: number } = await tx.query(
      `INSERT INTO operation
         (uuid, kind, resource_type, resource_id, server_id, project_id, requested_by, request_id, state, step, input, secret, attempt,
          next_run_at, deadline_at, lease_owner, lease_until, lease_token, started_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NOW(3), NOW(3) + INTERVAL ? MICROSECOND, ?,
          IF(? > 0, NOW(3) + INTERVAL ? MICROSECOND, NOW(3) - INTERVAL 1 SECOND), ?, IF(? > 0, NOW(3), NULL))`,
      [
        operation.uuid,
        operation.kind,
        operation.resource.type,
        operation.resource.id,
        operation.serverId,
        operation.projectId,
        operation.requestedBy,
        operation.requestId,
        lease === null ? 'QUEUED' : 'RUNNING',
        operation.step,
        JSON.stringify(operation.input),
        operation.secret,
        lease === null ? 0 : 1,
        operation.deadlineMs * 1000,
        lease?.owner ?? null,
        lease?.leaseMs ?? 0,
        (lease?.leaseMs ?? 0) * 1000,
        lease === null ? 0 : 1,
        lease?.leaseMs ?? 0,
      ],
    );
    return result.insertId;
  }

  /**
   * Takes the locks of an operation, always in the same order.
   *
   * @throws OperationInProgress naming the operation that holds one of them.
   */
  async lock(tx: EntityManager, operationId: number, resources: readonly ResourceRef[]): Promise<void> {
    const ordered = [...resources].sort((a, b) => a.type.localeCompare(b.type) || a.id - b.id);
    for (const { type, id } of ordered) {
      try {
        await tx.query('INSERT INTO operation_lock (resource_type, resource_id, operation_id) VALUES (?, ?, ?)', [
          type,
          id,
          operationId,
        ]);
      } catch (error) {
        if (duplicateKey(error) === null) throw error;
        throw OperationInProgress.on(type, await this.findHolder(tx, { type, id }), error);
      }
    }
  }

  /** The id of the operation that holds a resource, or null. */
  async findHolder(manager: EntityManager, { type, id }: ResourceRef): Promise<number | null> {
    const rows: { operationId: number }[] = await manager.query(
      'SELECT operation_id AS operationId FROM operation_lock WHERE resource_type = ? AND resource_id = ?',
      [type, id],
    );
    return rows[0]?.operationId ?? null;
  }

  /** Cancels what is under way on a server and its children, and frees their locks; owners and tokens stay as they are. */
  async cancelOnServer(tx: EntityManager, serverId: number, reason: string): Promise<readonly number[]> {
    const rows: { id: number }[] = await tx.query(
      `SELECT id FROM operation WHERE server_id = ? AND state IN ('QUEUED', 'RUNNING', 'NEEDS_ATTENTION') ORDER BY id FOR UPDATE`,
      [serverId],
    );
    const ids = rows.map((row) => row.id);
    if (ids.length === 0) return ids;
    await tx.query(
      `UPDATE operation SET state = 'CANCELLED', error_code = 'OPERATION_CANCELLED', error_detail = ?, secret = NULL, finished_at = NOW(3) WHERE id IN (?)`,
      [reason, ids],
    );
    await tx.query('DELETE FROM operation_lock WHERE operation_id IN (?)', [ids]);
    return ids;
  }

  /** Up to `limit` operations that could be claimed now, projects taking turns. A look only: nothing is locked. */
  async findDue(manager: EntityManager, limit: number): Promise<readonly number[]> {
    const rows: { id: number }[] = await manager.query(
      `SELECT id FROM (
         SELECT o.id, o.next_run_at, ROW_NUMBER() OVER (PARTITION BY o.project_id ORDER BY o.next_run_at, o.id) AS turn
           FROM operation o WHERE ${claimable}) due
        ORDER BY turn, next_run_at, id LIMIT ?`,
      [limit],
    );
    return rows.map((row) => row.id);
  }

  /**
   * Claims those of the operations that are still free, for `owner`. Of two replicas that ask at once, each row goes to one. An
   * operation on a server waits for the leases of what was cancelled on it: a call may still be on the wire. The time for which
   * nobody worked on it does not count against its deadline.
   */
  async claim(
    tx: EntityManager,
    owner: string,
    leaseMs: number,
    candidates: readonly number[],
  ): Promise<readonly OperationEntity[]> {
    const locked: { id: number }[] = await tx.query(
      `SELECT o.id FROM operation o WHERE o.id IN (?) AND ${claimable} ORDER BY o.id FOR UPDATE OF o SKIP LOCKED`,
      [candidates],
    );
    if (locked.length === 0) return [];
    const ids = locked.map((row) => row.id);
    await tx.query(
      `UPDATE operation
          SET deadline_at = deadline_at + INTERVAL TIMESTAMPDIFF(MICROSECOND, GREATEST(next_run_at, lease_until), NOW(3)) MICROSECOND,
              lease_owner = ?, lease_token = lease_token + 1, attempt = attempt + 1, lease_until = NOW(3) + INTERVAL ? MICROSECOND,
              state = IF(state = 'QUEUED', 'RUNNING', state), started_at = COALESCE(started_at, NOW(3))
        WHERE id IN (?)`,
      [owner, leaseMs * 1000, ids],
    );
    return tx.find(OperationEntity, { where: { id: In(ids) } });
  }

  /**
   * The fence: the first statement of every transaction of leased work. Changes the row only while the holding is valid and
   * the operation has not ended; false means that someone else has it, or has ended it.
   */
  async fence(tx: EntityManager, holding: Holding, change: FencedChange): Promise<boolean> {
    const { assignments, values } = assignmentsOf(change);
    const result: Matched = await tx.query(
      `UPDATE operation SET ${assignments} WHERE id = ? AND lease_owner = ? AND lease_token = ? AND state IN ('RUNNING', 'NEEDS_ATTENTION')`,
      [...values, holding.operationId, holding.owner, holding.token],
    );
    return result.affectedRows === 1;
  }

  /** What the operation must remember of what it saw; read back as `result`. */
  async setResult(tx: EntityManager, operationId: number, result: unknown): Promise<void> {
    await tx.query('UPDATE operation SET result = ? WHERE id = ?', [JSON.stringify(result), operationId]);
  }

  /** OpenStack has what was secret: nobody needs it any more. */
  async wipeSecret(tx: EntityManager, operationId: number): Promise<void> {
    await tx.query('UPDATE operation SET secret = NULL WHERE id = ?', [operationId]);
  }

  async unlock(tx: EntityManager, operationId: number): Promise<void> {
    await tx.query('DELETE FROM operation_lock WHERE operation_id = ?', [operationId]);
  }

  /** Frees the lease of an operation that was ended by someone else, if it is still ours; nothing else of it is touched. */
  async freeLease(holding: Holding): Promise<void> {
    await this.database.read((manager) =>
      manager.query(
        'UPDATE operation SET lease_until = NOW(3) - INTERVAL 1 SECOND WHERE id = ? AND lease_owner = ? AND lease_token = ?',
        [holding.operationId, holding.owner, holding.token],
      ),
    );
  }

  /** Like `find`, and neither its holder nor anyone else changes it until the caller's transaction ends. */
  async findForUpdate(tx: EntityManager, id: number): Promise<OperationEntity | null> {
    return tx.findOne(OperationEntity, { where: { id }, lock: { mode: 'pessimistic_write' } });
  }

  /**
   * Due now, as if nothing had failed yet; an undo that needed attention has `undoMs` from now before it does so again. The intent
   * stays: a call that may be under way is looked for before it is made again.
   */
  async hasten(tx: EntityManager, id: number, undoMs: number): Promise<void> {
    // MySQL assigns from left to right.
    await tx.query(
      `UPDATE operation
          SET next_run_at = NOW(3), failures = 0, last_failure = NULL,
              deadline_at = IF(state = 'NEEDS_ATTENTION', NOW(3) + INTERVAL ? MICROSECOND, deadline_at),
              state = IF(state = 'NEEDS_ATTENTION', 'RUNNING', state)
        WHERE id = ?`,
      [undoMs * 1000, id],
    );
  }

  /**
   * Ends it and takes it from whoever holds it. The time of the lease stays: until then a call of the holder's may be on the wire,
   * and a deletion of the server waits for it.
   */
  async abandon(
    tx: EntityManager,
    id: number,
    { code, message }: { readonly code: string; readonly message: string },
  ): Promise<void> {
    await tx.query(
      `UPDATE operation
          SET state = 'FAILED', error_code = ?, error_detail = ?, secret = NULL, lease_token = lease_token + 1, finished_at = NOW(3)
        WHERE id = ?`,
      [code, message, id],
    );
  }

  async find(manager: EntityManager, id: number): Promise<OperationEntity | null> {
    return manager.findOneBy(OperationEntity, { id });
  }

  /** As `find`, but only for who asked for it, while they have a place in its project or it is in none. */
  async findAskedBy(manager: EntityManager, userId: number, id: number): Promise<OperationEntity | null> {
    return manager
      .createQueryBuilder(OperationEntity, 'operation')
      .where('operation.id = :id AND operation.requested_by = :userId', { id, userId })
      .andWhere(
        `(operation.project_id IS NULL OR EXISTS (
           SELECT 1 FROM project_user place
            WHERE place.project_id = operation.project_id AND place.user_id = operation.requested_by AND place.is_pending = 0))`,
      )
      .getOne();
  }

  async findByUuid(manager: EntityManager, uuid: string): Promise<OperationEntity | null> {
    return manager.findOneBy(OperationEntity, { uuid });
  }

  /** In the order of their ids, which is the order of their creation. */
  async list(manager: EntityManager, filter: OperationFilter): Promise<readonly OperationEntity[]> {
    const isAscending = filter.order === 'asc';
    const query = manager
      .createQueryBuilder(OperationEntity, 'operation')
      .orderBy('operation.id', isAscending ? 'ASC' : 'DESC')
      .limit(filter.limit);
    if (filter.projectId !== null) query.andWhere('operation.project_id = :projectId', { projectId: filter.projectId });
    if (filter.ids !== null) query.andWhere('operation.id IN (:...ids)', { ids: filter.ids });
    if (filter.resourceType !== null) query.andWhere('operation.resource_type = :type', { type: filter.resourceType });
    if (filter.resourceId !== null)
      query.andWhere('operation.resource_id = :resourceId', { resourceId: filter.resourceId });
    if (filter.state !== null) query.andWhere('operation.state = :state', { state: filter.state });
    if (filter.kind !== null) query.andWhere('operation.kind = :kind', { kind: filter.kind });
    if (filter.stuck !== null) query.andWhere(isStuck, { ...filter.stuck, slowSince: slowSince(filter.stuck) });
    if (filter.after !== null)
      query.andWhere(`operation.id ${isAscending ? '>' : '<'} :after`, { after: filter.after });
    return query.getMany();
  }

  /** The newest time at which a cancelled or abandoned operation of a server may have sent a call, or null. */
  async lastSentOnServer(manager: EntityManager, serverId: number): Promise<Date | null> {
    const rows: { sentAt: Date | null }[] = await manager.query(
      `SELECT MAX(sent_at) AS sentAt FROM operation WHERE server_id = ? AND state IN ('CANCELLED', 'FAILED')`,
      [serverId],
    );
    return rows[0]?.sentAt ?? null;
  }

  /** The database's clock: the only one that leases, intents and deadlines are compared with. */
  async now(manager: EntityManager): Promise<Date> {
    const rows: { now: Date }[] = await manager.query('SELECT NOW(3) AS now');
    return rows[0]?.now ?? new Date();
  }
}

/** What a fenced update may change; durations are milliseconds from the database's now. */
export interface FencedChange {
  readonly step?: string;
  readonly phase?: 'FORWARD' | 'COMPENSATE';
  readonly state?: OperationState;
  /** The step changed: its clock starts anew. */
  readonly isNewStep?: boolean;
  readonly intent?: string | null;
  /** Renews the lease by this; null frees it. */
  readonly leaseMs?: number | null;
  readonly runInMs?: number;
  readonly moveDeadlineMs?: number;
  readonly deadlineInMs?: number;
  readonly failures?: number;
  readonly lastFailure?: string | null;
  /** `start` keeps an earlier time. */
  readonly doubt?: 'start' | 'clear';
  readonly error?: { readonly code: string; readonly detail: string } | null;
  readonly openstackRequestIds?: readonly string[];
  readonly isFinal?: boolean;
}

function assignmentsOf(change: FencedChange): { assignments: string; values: unknown[] } {
  const parts: string[] = [];
  const values: unknown[] = [];
  const set = (sql: string, ...parameters: unknown[]): void => {
    parts.push(sql);
    values.push(...parameters);
  };
  if (change.step !== undefined) set('step = ?', change.step);
  if (change.phase !== undefined) set('phase = ?', change.phase);
  if (change.state !== undefined) set('state = ?', change.state);
  if (change.isNewStep === true) set('step_since = NOW(3)');
  if (change.intent === null) set('sent_step = NULL, sent_at = NULL');
  else if (change.intent !== undefined) set('sent_step = ?, sent_at = NOW(3)', change.intent);
  if (change.leaseMs === null) set('lease_until = NOW(3) - INTERVAL 1 SECOND');
  else if (change.leaseMs !== undefined) set('lease_until = NOW(3) + INTERVAL ? MICROSECOND', change.leaseMs * 1000);
  if (change.runInMs !== undefined)
    set('next_run_at = NOW(3) + INTERVAL ? MICROSECOND', Math.round(change.runInMs * 1000));
  if (change.moveDeadlineMs !== undefined) {
    set('deadline_at = deadline_at + INTERVAL ? MICROSECOND', Math.round(change.moveDeadlineMs * 1000));
  }
  if (change.deadlineInMs !== undefined)
    set('deadline_at = NOW(3) + INTERVAL ? MICROSECOND', change.deadlineInMs * 1000);
  if (change.failures !== undefined) set('failures = ?', change.failures);
  if (change.lastFailure !== undefined) set('last_failure = ?', change.lastFailure);
  if (change.doubt === 'start') set('doubted_since = COALESCE(doubted_since, NOW(3))');
  if (change.doubt === 'clear') set('doubted_since = NULL');
  if (change.error === null) set('error_code = NULL, error_detail = NULL');
  else if (change.error !== undefined) set('error_code = ?, error_detail = ?', change.error.code, change.error.detail);
  if (change.openstackRequestIds !== undefined)
    set('openstack_request_ids = ?', JSON.stringify(change.openstackRequestIds));
  if (change.isFinal === true) set('finished_at = NOW(3), secret = NULL');
  if (parts.length === 0) set('id = id');
  return { assignments: parts.join(', '), values };
}
