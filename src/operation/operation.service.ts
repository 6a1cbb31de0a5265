import { Injectable } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { AuditRepository } from '../audit/audit.repository.js';
import { failpoint } from '../common/failpoint.js';
import type { Principal } from '../common/principal.js';
import { Config } from '../config/config.js';
import { Database } from '../database/database.js';
import { Replica } from '../database/replica.js';
import { CommitOutcomeUnknown, Transaction, type EntityManager } from '../database/transaction.js';
import { OperationRegistry } from './operation-registry.js';
import { finalStates } from './operation-state.js';
import type { OperationEntity } from './operation.entity.js';
import { OperationFailed, OperationNotFound } from './operation.errors.js';
import { OperationExecutor } from './operation.executor.js';
import { OperationRepository, type OperationFilter, type ResourceRef } from './operation.repository.js';

/** Who asked for a change, and by which request. */
export interface Actor {
  readonly principal: Principal;
  readonly requestId: string;
}

/** What an operation begins with. */
export interface OperationCommand {
  /** Made by the caller before the transaction: an unknown COMMIT is read back by it. */
  readonly uuid: string;
  readonly kind: string;
  readonly resource: ResourceRef;
  /** The server that it is about or whose child it changes: deleting that server cancels it. */
  readonly serverId: number | null;
  readonly projectId: number;
  readonly actor: Actor;
  /** Frozen: the bodies of the calls are made from it alone. Never holds a secret. */
  readonly input: unknown;
  readonly locks: readonly ResourceRef[];
  /** Milliseconds from now until the operation gives up, OpenStack's absence not counted. */
  readonly deadlineMs: number;
  /** Must not start before others have let go: it is claimed, not leased from birth. */
  readonly mustWait?: boolean;
}

@Injectable()
export class OperationService {
  constructor(
    private readonly config: Config,
    private readonly database: Database,
    private readonly transaction: Transaction,
    private readonly replica: Replica,
    private readonly registry: OperationRegistry,
    private readonly operations: OperationRepository,
    private readonly audit: AuditRepository,
    private readonly executor: OperationExecutor,
  ) {}

  /**
   * Runs the transaction that accepts a change, then starts its operation. When the connection breaks at COMMIT the
   * operation is read back by `uuid`: if it is there the change was accepted. `work` may also return an operation that was
   * under way already; it is not started again.
   *
   * @throws DatabaseUnavailable; and whatever `work` throws, nothing being kept then.
   */
  async accept(uuid: string, work: (tx: EntityManager) => Promise<OperationEntity>): Promise<OperationEntity> {
    failpoint('request.before-transaction');
    let operation: OperationEntity;
    try {
      operation = await this.transaction.run(work);
    } catch (error) {
      if (!(error instanceof CommitOutcomeUnknown)) throw error;
      const committed = await this.database.read((manager) => this.operations.findByUuid(manager, uuid));
      if (committed === null) throw error;
      operation = committed;
    }
    failpoint('request.after-transaction');
    if (operation.uuid === uuid) this.start(operation);
    return operation;
  }

  /**
   * Inserts the operation with its locks and its audit row, as a part of the caller's transaction.
   *
   * @throws OperationInProgress when another operation holds one of the locks.
   */
  async begin(tx: EntityManager, command: OperationCommand): Promise<OperationEntity> {
    const { principal, requestId } = command.actor;
    const isLeased = command.mustWait !== true && this.executor.hasRoom;
    const id = await this.operations.insert(tx, {
      uuid: command.uuid,
      kind: command.kind,
      resource: command.resource,
      serverId: command.serverId,
      projectId: command.projectId,
      requestedBy: principal.userId,
      requestId,
      step: this.registry.firstStep(command.kind),
      input: command.input,
      deadlineMs: command.deadlineMs,
      lease: isLeased ? { owner: this.replica.id, leaseMs: this.config.settings.LEASE_MS } : null,
    });
    await this.operations.lock(tx, id, command.locks);
    await this.audit.insert(tx, {
      actorUserId: principal.userId,
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
   * For routes that answer when the work is done: waits up to SYNC_WAIT_MS.
   *
   * @returns true when it succeeded, false when it is still under way: answer 202 then.
   * @throws OperationFailed with the operation's own code and text.
   */
  async settle(operation: OperationEntity): Promise<boolean> {
    const ended = await this.waitFor(operation.id, this.config.settings.SYNC_WAIT_MS);
    switch (ended.state) {
      case 'SUCCEEDED':
        return true;
      case 'QUEUED':
      case 'RUNNING':
      case 'NEEDS_ATTENTION':
        // Refused already; what is left is the undoing, which does not change the answer.
        if (ended.phase === 'COMPENSATE') throw failed(ended);
        return false;
      case 'FAILED':
      case 'CANCELLED':
        throw failed(ended);
      default:
        return ended.state satisfies never;
    }
  }

  /** @throws OperationNotFound when it is not there or of another project; an admin sees every one. */
  async getVisible(principal: Principal, id: number): Promise<OperationEntity> {
    const operation = await this.database.read((manager) => this.operations.find(manager, id));
    const isVisible = operation !== null && (principal.role === 'admin' || operation.projectId === principal.projectId);
    if (!isVisible) throw new OperationNotFound(id);
    return operation;
  }

  /** Of the caller's project; an admin's of all. */
  async list(principal: Principal, filter: Omit<OperationFilter, 'projectId'>): Promise<readonly OperationEntity[]> {
    const projectId = principal.role === 'admin' ? null : principal.projectId;
    return this.database.read((manager) => this.operations.list(manager, { ...filter, projectId }));
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
