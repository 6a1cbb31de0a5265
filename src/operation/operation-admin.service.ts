import { Injectable, Logger } from '@nestjs/common';
import { AuditRepository } from '../audit/audit.repository.js';
import type { Actor } from '../common/actor.js';
import { Config } from '../config/config.js';
import { Database } from '../database/database.js';
import { Transaction, type EntityManager } from '../database/transaction.js';
import { abandonedFault } from './operation-fault.js';
import { OperationMetrics } from './operation-metrics.js';
import { OperationRegistry } from './operation-registry.js';
import { finalStates } from './operation-state.js';
import { stuckReason, type StuckReason } from './operation-stuck.js';
import type { OperationEntity } from './operation.entity.js';
import { OperationEnded, OperationNotFound } from './operation.errors.js';
import { OperationExecutor } from './operation.executor.js';
import { OperationRepository, type OperationFilter } from './operation.repository.js';
import { OperationService } from './operation.service.js';
import { ResourceNameRepository } from './resource-name.repository.js';

/** An operation with what the database's clock says about it. */
export interface WatchedOperation {
  readonly operation: OperationEntity;
  /** What people call its resource; null where that is not known. */
  readonly resourceName: string | null;
  readonly stuck: StuckReason | null;
  readonly now: Date;
}

/** What administrators see of the operations of all projects, and do about those that are stuck. */
@Injectable()
export class OperationAdminService {
  private readonly logger = new Logger(OperationAdminService.name);
  private readonly slowMs: number;
  private readonly undoMs: number;

  constructor(
    { settings }: Config,
    private readonly database: Database,
    private readonly transaction: Transaction,
    private readonly registry: OperationRegistry,
    private readonly repository: OperationRepository,
    private readonly operations: OperationService,
    private readonly audit: AuditRepository,
    private readonly executor: OperationExecutor,
    private readonly metrics: OperationMetrics,
    private readonly names: ResourceNameRepository,
  ) {
    this.slowMs = settings.OPERATION_SLOW_MS;
    this.undoMs = settings.DEADLINE_DEFAULT_MS;
  }

  async list(
    filter: Omit<OperationFilter, 'stuck'> & { readonly onlyStuck: boolean },
  ): Promise<readonly WatchedOperation[]> {
    const { onlyStuck, ...rest } = filter;
    return this.database.read(async (manager) => {
      const now = await this.repository.now(manager);
      const stuck = onlyStuck ? { now, slowMs: this.slowMs } : null;
      const found = await this.repository.list(manager, { ...rest, stuck });
      return this.watched(manager, found, now);
    });
  }

  /** @throws OperationNotFound, OperationEnded */
  async retry(actor: Actor, id: number): Promise<WatchedOperation> {
    const operation = await this.operations.accept(actor, async (tx) => {
      const open = await this.requireOpen(tx, id);
      await this.repository.hasten(tx, id, this.undoMs);
      return this.note(tx, actor, 'operation.retry', open);
    });
    this.executor.wakeIn(0);
    return this.watchedNow(operation);
  }

  /**
   * Ends an operation wherever it stands. Its holder, if it has one, loses the fence; its kind writes into the rows what it
   * would have written after a refusal.
   *
   * @throws OperationNotFound, OperationEnded
   */
  async abandon(actor: Actor, id: number): Promise<WatchedOperation> {
    const operation = await this.operations.accept(actor, async (tx) => {
      const open = await this.requireOpen(tx, id);
      const fault = abandonedFault(open);
      await this.repository.abandon(tx, id, fault);
      await this.tellRows(tx, open, fault);
      await this.repository.unlock(tx, id);
      return this.note(tx, actor, 'operation.abandon', open);
    });
    this.metrics.ended(operation.kind, operation.state);
    this.logger.warn({ operationId: id, kind: operation.kind, from: operation.step }, 'operation abandoned');
    // Whatever waited for its locks or its leases.
    this.executor.wakeIn(0);
    return this.watchedNow(operation);
  }

  /** An operation that a bug keeps from ending must be possible to end: rows that cannot be told are left as they are. */
  private async tellRows(
    tx: EntityManager,
    operation: OperationEntity,
    fault: ReturnType<typeof abandonedFault>,
  ): Promise<void> {
    const fields = { operationId: operation.id, kind: operation.kind };
    const kind = this.registry.find(operation.kind);
    if (kind === null) {
      this.logger.warn(fields, 'this version does not know the operation; its rows stay as they are');
      return;
    }
    const failure = await this.transaction.attempt(tx, async () =>
      kind.fail(tx, operation, await kind.load(tx, operation), fault),
    );
    if (failure === null) return;
    const error = failure instanceof Error ? failure.stack : failure;
    this.logger.error(
      { ...fields, error },
      'the rows of an abandoned operation could not be told; they stay as they are',
    );
  }

  /** Locked until the transaction ends: its holder cannot end it meanwhile. */
  private async requireOpen(tx: EntityManager, id: number): Promise<OperationEntity> {
    const operation = await this.repository.findForUpdate(tx, id);
    if (operation === null) throw new OperationNotFound(id);
    if (finalStates.includes(operation.state)) throw new OperationEnded(operation);
    return operation;
  }

  private async note(
    tx: EntityManager,
    { principal, requestId }: Actor,
    action: string,
    { id, projectId, resourceType, resourceId }: OperationEntity,
  ): Promise<OperationEntity> {
    await this.audit.insert(tx, {
      actorUserId: principal.userId,
      projectId,
      action,
      resourceType,
      resourceId,
      operationId: id,
      requestId,
    });
    const operation = await this.repository.find(tx, id);
    if (operation === null) throw new OperationNotFound(id);
    return operation;
  }

  private async watchedNow(operation: OperationEntity): Promise<WatchedOperation> {
    const [watched] = await this.database.read(async (manager) =>
      this.watched(manager, [operation], await this.repository.now(manager)),
    );
    if (watched === undefined) throw new OperationNotFound(operation.id);
    return watched;
  }

  private async watched(
    manager: EntityManager,
    operations: readonly OperationEntity[],
    now: Date,
  ): Promise<readonly WatchedOperation[]> {
    const resourceOf = ({ resourceType: type, resourceId: id }: OperationEntity) => ({ type, id });
    const names = await this.names.find(manager, operations.map(resourceOf));
    return operations.map((operation) => ({
      operation,
      resourceName: names.of(resourceOf(operation)),
      stuck: stuckReason(operation, now, this.slowMs),
      now,
    }));
  }
}
