import { Injectable } from '@nestjs/common';
import type { EntityManager } from '../database/transaction.js';
import type { OpenStackCall } from '../openstack/openstack-call.js';
import type { ResourceType } from '../operation/operation-state.js';
import type { Finding, FindingDraft } from './finding.js';
import type { Policies } from './policy.js';

/** A project that this installation manages. */
export interface ManagedProject {
  readonly id: number;
  readonly openstackId: string;
}

/** A project as far as a plan needs it. */
export interface PlannedProject extends ManagedProject {
  /** 0: it is disabled, or is not managed here any more. */
  readonly isEnabled: 0 | 1;
}

/** What a plan is made of. */
export interface PlanContext {
  /** The managed projects that the run is about, by OpenStack's id. */
  readonly projects: ReadonlyMap<string, PlannedProject>;
  /** All managed projects are meant: only then is an empty list over all of them suspicious. */
  readonly isEverything: boolean;
  readonly policies: Policies;
  readonly deploymentId: string;
}

/** One page of a list, compared. */
export interface PlannedPage {
  /** What was found on it. */
  readonly findings: readonly FindingDraft[];
  /**
   * Whether what was found is only a matter of rows: brings them in line at once, behind the freshness rule, and notes the sight of those
   * that are. Called by loops, in the transaction that stores the page; never by a dry run. Returns the findings that it applied.
   */
  readonly write: ((tx: EntityManager) => Promise<ReadonlySet<FindingDraft>>) | null;
  /** False: the list was not read to its end, or not all of it can be believed. */
  readonly complete: boolean;
}

/** What became of a finding that was to be applied. */
export type ApplyOutcome =
  | { readonly state: 'APPLIED' }
  /** The row or the object has moved, or somebody else has done it. */
  | { readonly state: 'SKIPPED'; readonly reason: string }
  | { readonly state: 'FAILED'; readonly reason: string };

export interface ApplyContext extends PlanContext {
  /** Ends the transaction when the run is not ours any more, or a pause has ended it. */
  readonly fence: (tx: EntityManager) => Promise<void>;
  /** The same before a call that changes OpenStack. */
  readonly beforeSend: () => Promise<void>;
}

/** What looking at one row's object showed. */
export interface Refreshed {
  /** What differed, and was taken over. */
  readonly findings: readonly FindingDraft[];
  readonly observedAt: Date | null;
}

/** Observe, compare, apply for one type of resource. The loops and the administrators' runs use the same three. */
export interface ResourceReconciler {
  readonly resourceType: ResourceType;
  /** Lower is planned and applied first: what others refer to before those that refer to it. */
  readonly order: number;
  /** Reads OpenStack and rows, writes nothing. @throws OpenStackError when a list cannot be read: what came before stands */
  plan(context: PlanContext): AsyncGenerator<PlannedPage>;
  /** Carries out one finding if it still stands. May be repeated. @throws OpenStackError */
  apply(finding: Finding, context: ApplyContext): Promise<ApplyOutcome>;
  /** What changed since a time by the service's clock; null where there is no such list. */
  readonly changed: ((since: Date, context: PlanContext, call: OpenStackCall) => AsyncGenerator<PlannedPage>) | null;
  /** Looks at one row's object now; null where there is no such live row. @throws OpenStackError */
  refresh(id: number, context: PlanContext): Promise<Refreshed | null>;
}

/** The reconcilers that the features have registered, in their order. */
@Injectable()
export class Reconcilers {
  private readonly registered: ResourceReconciler[] = [];

  register(reconciler: ResourceReconciler): void {
    this.registered.push(reconciler);
    this.registered.sort((a, b) => a.order - b.order);
  }

  all(): readonly ResourceReconciler[] {
    return this.registered;
  }

  of(resourceType: ResourceType): ResourceReconciler | null {
    return this.registered.find((reconciler) => reconciler.resourceType === resourceType) ?? null;
  }
}
