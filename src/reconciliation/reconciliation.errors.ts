import { DomainError } from '../common/errors.js';
import type { ResourceType } from '../operation/operation-state.js';
import type { RunState } from './reconciliation-run-state.js';

export class ReconciliationNotFound extends DomainError {
  readonly kind = 'not-found';
  readonly code = 'RECONCILIATION_NOT_FOUND';

  constructor(id: number) {
    super(`There is no reconciliation ${String(id)}`);
  }
}

/** Another one of the same scope is under way. */
export class ReconciliationRunning extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'RECONCILIATION_RUNNING';

  constructor(runningId: number) {
    super(
      `Reconciliation ${String(runningId)} of the same scope is under way; wait for its end or cancel it`,
      blockedBy(runningId),
    );
  }
}

export class ReconciliationNotPlanned extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'RECONCILIATION_NOT_PLANNED';

  constructor(id: number, state: RunState) {
    super(`Reconciliation ${String(id)} is ${state}; only one that is PLANNED can be applied`);
  }
}

export class ReconciliationEnded extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'RECONCILIATION_ENDED';

  constructor(id: number, state: RunState) {
    super(`Reconciliation ${String(id)} is ${state}; there is nothing left to cancel`);
  }
}

/** What would be applied is not what was read. */
export class PlanOutdated extends DomainError {
  readonly kind = 'precondition';
  readonly code = 'PLAN_OUTDATED';

  /** @param newerId Null: the hash is another plan's. */
  constructor(id: number, newerId: number | null) {
    super(
      newerId === null
        ? `This is not the plan_hash of reconciliation ${String(id)}; read its findings, then apply them by its hash`
        : `Reconciliation ${String(newerId)} is a newer plan of the same scope; read its findings and apply that one`,
      newerId === null ? {} : blockedBy(newerId),
    );
  }
}

/** A project that is named in the scope. */
export class UnknownProject extends DomainError {
  readonly kind = 'not-found';
  readonly code = 'PROJECT_NOT_FOUND';

  constructor(id: number, field: string) {
    super(`There is no project ${String(id)}`, { errors: [{ field, message: 'is no project', type: 'not_found' }] });
  }
}

function blockedBy(id: number) {
  return { blockedBy: [{ type: 'reconciliation', id, name: null }] };
}

/** There is no such live row. */
export class ResourceNotFound extends DomainError {
  readonly kind = 'not-found';
  readonly code: string;

  constructor(type: ResourceType, id: number) {
    super(`There is no ${type.replaceAll('_', ' ')} ${String(id)}`);
    this.code = `${type.toUpperCase()}_NOT_FOUND`;
  }
}
