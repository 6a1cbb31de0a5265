import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { AuditRepository } from '../audit/audit.repository.js';
import type { Requester } from '../common/actor.js';
import { DatabaseUnavailable, DomainError, OpenStackAway } from '../common/errors.js';
import { failpoint } from '../common/failpoint.js';
import type { IdempotencyClaim } from '../common/idempotency.js';
import type { Principal } from '../common/principal.js';
import { Config } from '../config/config.js';
import { Database } from '../database/database.js';
import { Replica } from '../database/replica.js';
import { CommitOutcomeUnknown, Transaction, type EntityManager } from '../database/transaction.js';
import { IdempotencyKeyInUse, IdempotencyKeyReused } from './idempotency.errors.js';
import { IdempotencyRepository } from './idempotency.repository.js';
import { OperationRegistry } from './operation-registry.js';
import { OperationSecrets } from './operation-secrets.js';
import { finalStates } from './operation-state.js';
import type { OperationEntity } from './operation.entity.js';
import { OperationFailed, OperationNotFound } from './operation.errors.js';
import { OperationExecutor } from './operation.executor.js';
import { OperationRepository, type OperationFilter, type ResourceRef } from './operation.repository.js';

/** What an operation begins with. */
export interface OperationCommand {
  /** As `accept` gave it: an unknown COMMIT is read back by it. */
  readonly uuid: string;
  readonly kind: string;
  readonly resource: ResourceRef;
  /** The server that it is about or whose child it changes: deleting that server cancels it. */
  readonly serverId: number | null;
  /** Null for what belongs to no project. */
  readonly projectId: number | null;
  /** Who asks; nobody (null) signs up. */
  readonly actor: Requester & { readonly principal: Principal | null };
  /** Frozen: the bodies of the calls are made from it alone. Never holds a secret. */
  readonly input: unknown;
  /** What the calls need and nobody may read; kept encrypted until it is wiped, at the end of the operation at the latest. */
  readonly secret?: string;
  readonly locks: readonly ResourceRef[];
  /** Milliseconds from now until the operation gives up, OpenStack's absence not counted. */
  readonly deadlineMs: number;
  /** Must not start before others have let go: it is claimed, not leased from birth. */
  readonly mustWait?: boolean;
  /** Only this process can carry it out, for it alone knows a password. */
  readonly mustRunHere?: boolean;
}

/** The transaction that accepts a change; `uuid` is the operation's. */
export type Accepting = (tx: EntityManager, uuid: string) => Promise<OperationEntity>;

@Injectable()
export class OperationService {
  constructor(
    private readonly config: Config,
    private readonly database: Database,
    private readonly transaction: Transaction,
    private readonly replica: Replica,
    private readonly registry: OperationRegistry,
    private readonly operations: OperationRepository,
    private readonly keys: IdempotencyRepository,
    private readonly secrets: OperationSecrets,
    private readonly audit: AuditRepository,
    private readonly executor: OperationExecutor,
  ) {}

  /**
   * Runs the transaction that accepts a change, then starts its operation. When the connection breaks at COMMIT the operation
   * is read back: if it is there the change was accepted. `work` may also return an operation that was under way already; it is
   * not started again. With an Idempotency-Key that has an operation already, that one is returned and `work` does not run.
   *
   * @throws IdempotencyKeyReused, DatabaseUnavailable; and whatever `work` throws, nothing being kept then.
   */
  async accept(actor: Requester, work: Accepting): Promise<OperationEntity> {
    return this.acceptPrepared(actor, () => Promise.resolve(), work);
  }

  /** Like `accept`, with checks before the transaction, which may take their time and ask OpenStack. */
  async acceptPrepared<Prepared>(
    { idempotency }: Requester,
    prepare: () => Promise<Prepared>,
    work: (tx: EntityManager, uuid: string, prepared: Prepared) => Promise<OperationEntity>,
  ): Promise<OperationEntity> {
    const earlier =
      idempotency === null ? null : await this.database.read((manager) => this.earlier(manager, idempotency));
    if (earlier !== null) return earlier;
    const prepared = await prepare();
    const uuid = randomUUID();
    failpoint('request.before-transaction');
    const operation = await this.explained(() =>
      this.commit(uuid, async (tx) => {
        if (idempotency === null) return work(tx, uuid, prepared);
        if (!(await this.keys.take(tx, idempotency))) {
          const first = await this.earlier(tx, idempotency);
          if (first === null) throw new IdempotencyKeyInUse(null);
          return first;
        }
        const begun = await work(tx, uuid, prepared);
        await this.keys.bind(tx, idempotency, begun.id);
        return begun;
      }),
    );
    failpoint('request.after-transaction');
    if (operation.uuid === uuid) this.start(operation);
    return operation;
  }

  /** A status that is in the way may be one that passes: then the refusal names the operation that is to be waited for. */
  private async explained<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof DomainError) || error.details.operationId !== undefined) throw error;
      const { inStatus } = error.details;
      if (inStatus === undefined) throw error;
      const holderId = await this.database.read((manager) => this.operations.findHolder(manager, inStatus));
      throw holderId === null ? error : error.during(holderId);
    }
  }

  private async commit(uuid: string, work: (tx: EntityManager) => Promise<OperationEntity>): Promise<OperationEntity> {
    try {
      return await this.transaction.run(work);
    } catch (error) {
      if (!(error instanceof CommitOutcomeUnknown)) throw error;
      const committed = await this.readBack(uuid);
      if (committed === null) throw error;
      return committed;
    }
  }

  /** Null when it is not there, and when MySQL cannot be asked. */
  private async readBack(uuid: string): Promise<OperationEntity | null> {
    try {
      return await this.database.read((manager) => this.operations.findByUuid(manager, uuid));
    } catch (error) {
      if (error instanceof DatabaseUnavailable) return null;
      throw error;
    }
  }

  /** The operation that an earlier request with this key began. @throws IdempotencyKeyReused */
  private async earlier(manager: EntityManager, claim: IdempotencyClaim): Promise<OperationEntity | null> {
    const recorded = await this.keys.find(manager, claim);
    if (recorded === null) return null;
    if (!recorded.fingerprint.equals(claim.fingerprint)) throw new IdempotencyKeyReused();
    if (recorded.operationId === null) return null;
    claim.setReplayed();
    return this.operations.find(manager, recorded.operationId);
  }

  /**
   * Inserts the operation with its locks and its audit row, as a part of the caller's transaction.
   *
   * @throws OperationInProgress when another operation holds one of the locks.
   * @throws OpenStackAway when it must run here and this replica has no room.
   */
  async begin(tx: EntityManager, command: OperationCommand): Promise<OperationEntity> {
    const { principal, requestId } = command.actor;
    const isLeased = command.mustWait !== true && this.executor.hasRoom;
    if (command.mustRunHere === true && !isLeased) throw new OpenStackAway('This', undefined);
    const id = await this.operations.insert(tx, {
      uuid: command.uuid,
      kind: command.kind,
      resource: command.resource,
      serverId: command.serverId,
      projectId: command.projectId,
      requestedBy: principal?.userId ?? null,
      requestId,
      step: this.registry.firstStep(command.kind),
      input: command.input,
      secret: command.secret === undefined ? null : this.secrets.seal(command.uuid, command.secret),
      deadlineMs: command.deadlineMs,
      lease: isLeased ? { owner: this.replica.id, leaseMs: this.config.settings.LEASE_MS } : null,
    });
    await this.operations.lock(tx, id, command.locks);
    await this.audit.insert(tx, {
      actorUserId: principal?.userId ?? null,
      projectId: command.projectId,
      action: command.kind,
      resourceType: command.resource.type,
      resourceId: command.resource.id,
      operationId: id,
      requestId,
    });
    const operation = await this.operations.find(tx, id);
    if (operation === null) throw new Error(`operation ${String(id)} is not there right after its insert`);
    return operation;
  }

  /**
   * Waits for the end of an operation, at most `waitMs` milliseconds or until this process is told to end, and returns it as
   * it is then.
   *
   * @throws OperationNotFound
   */
  async waitFor(id: number, waitMs: number): Promise<OperationEntity> {
    const endsAt = performance.now() + waitMs;
    for (let pauseMs = 50; ; pauseMs = Math.min(pauseMs * 1.5, 1_000)) {
      const operation = await this.database.read((manager) => this.operations.find(manager, id));
      if (operation === null) throw new OperationNotFound(id);
      const remainingMs = endsAt - performance.now();
      if (finalStates.includes(operation.state) || remainingMs <= 0 || this.executor.isStopping) return operation;
      await sleep(Math.min(pauseMs, remainingMs));
    }
  }

  /**
   * For routes that answer when the work is done: waits up to SYNC_WAIT_MS, or not at all for who prefers that.
   *
   * @returns true when it succeeded, false when it is still under way: answer 202 then.
   * @throws OperationFailed with the operation's own code and text.
   * @throws IdempotencyKeyInUse when it was begun by an earlier request and goes on: that one is answered first.
   */
  async settle({ idempotency, prefersAsync }: Requester, operation: OperationEntity): Promise<boolean> {
    const isReplayed = idempotency?.isReplayed === true;
    const waitMs = isReplayed || prefersAsync ? 0 : this.config.settings.SYNC_WAIT_MS;
    const ended = await this.waitFor(operation.id, waitMs);
    switch (ended.state) {
      case 'SUCCEEDED':
        return true;
      case 'QUEUED':
      case 'RUNNING':
      case 'NEEDS_ATTENTION':
        // Refused already; what is left is the undoing, which does not change the answer.
        if (ended.phase === 'COMPENSATE') throw failed(ended);
        if (isReplayed) throw new IdempotencyKeyInUse(operation.id);
        return false;
      case 'FAILED':
      case 'CANCELLED':
        throw failed(ended);
      default:
        return ended.state satisfies never;
    }
  }

  /**
   * Of the caller's project, or asked for by the caller in another one that they are in; an admin sees every one.
   *
   * @throws OperationNotFound
   */
  async getVisible({ role, projectId, userId }: Principal, id: number): Promise<OperationEntity> {
    const visible = await this.database.read(async (manager) => {
      const operation = await this.operations.find(manager, id);
      return role === 'admin' || operation?.projectId === projectId
        ? operation
        : this.operations.findAskedBy(manager, userId, id);
    });
    if (visible === null) throw new OperationNotFound(id);
    return visible;
  }

  /** Of the caller's project; an admin's of all. */
  async list(
    principal: Principal,
    filter: Omit<OperationFilter, 'projectId' | 'kind' | 'stuck'>,
  ): Promise<readonly OperationEntity[]> {
    const projectId = principal.role === 'admin' ? null : principal.projectId;
    return this.database.read((manager) =>
      this.operations.list(manager, { ...filter, projectId, kind: null, stuck: null }),
    );
  }

  private start(operation: OperationEntity): void {
    const isOurs = operation.state === 'RUNNING' && operation.leaseOwner === this.replica.id;
    if (isOurs) this.executor.run(operation);
    else this.executor.wakeIn(0);
  }
}

function failed(operation: OperationEntity): OperationFailed {
  return new OperationFailed(
    operation.errorCode ?? 'OPENSTACK_REFUSED',
    operation.errorDetail ?? 'OpenStack did not do what was asked',
    operation.id,
    operation.openstackRequestIds ?? [],
  );
}
