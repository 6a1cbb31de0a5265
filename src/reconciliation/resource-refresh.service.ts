import { Injectable } from '@nestjs/common';
import { AuditRepository } from '../audit/audit.repository.js';
import type { Actor } from '../common/actor.js';
import { Transaction } from '../database/transaction.js';
import type { ResourceType } from '../operation/operation-state.js';
import { PlanContexts } from './plan-context.service.js';
import { Reconcilers, type Refreshed } from './reconciler.js';
import { ResourceNotFound } from './reconciliation.errors.js';

/** Has one resource looked at in OpenStack now, and its row brought in line. */
@Injectable()
export class ResourceRefresh {
  constructor(
    private readonly reconcilers: Reconcilers,
    private readonly contexts: PlanContexts,
    private readonly transaction: Transaction,
    private readonly audit: AuditRepository,
  ) {}

  /**
   * A resource as it is after the look. `read` finds it for the caller and refuses what the caller may not see, before OpenStack is asked.
   *
   * @throws OpenStackError, and what `read` throws.
   */
  async refreshed<Details>(type: ResourceType, id: number, read: () => Promise<Details>): Promise<Details> {
    await read();
    await this.look(type, id);
    return read();
  }

  /** For administrators, whosever it is. @throws ResourceNotFound, OpenStackError */
  async refresh({ principal, requestId }: Actor, type: ResourceType, id: number): Promise<Refreshed> {
    const refreshed = await this.look(type, id);
    if (refreshed === null) throw new ResourceNotFound(type, id);
    await this.transaction.run((tx) =>
      this.audit.insert(tx, {
        actorUserId: principal.userId,
        projectId: null,
        action: 'reconciliation.refresh',
        resourceType: type,
        resourceId: id,
        operationId: null,
        requestId,
      }),
    );
    return refreshed;
  }

  private async look(type: ResourceType, id: number): Promise<Refreshed | null> {
    const reconciler = this.reconcilers.of(type);
    if (reconciler === null) throw new Error(`nothing reconciles ${type}`);
    return reconciler.refresh(id, await this.contexts.of(null));
  }
}
