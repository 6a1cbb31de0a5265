import { Injectable } from '@nestjs/common';
import type { OperationKind, Step } from './operation-kind.js';
import type { OperationEntity } from './operation.entity.js';

/** Where an operation stands, for people. */
export interface OperationPosition {
  /** What the step is about; its name where this version does not know it. */
  readonly stepTitle: string;
  /** Whole percent of the steps that are behind; 100 only for what succeeded. */
  readonly progress: number;
}

/** The kinds of operation that this version can carry out; features put theirs in at start. */
@Injectable()
export class OperationRegistry {
  private readonly kinds = new Map<string, OperationKind<unknown>>();

  register<Rows>(kind: OperationKind<Rows>): void {
    if (this.kinds.has(kind.kind)) throw new Error(`the operation kind ${kind.kind} is registered twice`);
    const names = new Set(kind.steps.map((step) => step.name));
    if (names.size !== kind.steps.length) throw new Error(`the steps of ${kind.kind} share a name`);
    this.kinds.set(kind.kind, kind);
  }

  /** Null for a kind that a newer version wrote: it is left to the replicas that know it. */
  find(kind: string): OperationKind<unknown> | null {
    return this.kinds.get(kind) ?? null;
  }

  firstStep(kind: string): string {
    const first = this.kinds.get(kind)?.steps[0];
    if (first === undefined) throw new Error(`unknown operation kind ${kind}`);
    return first.name;
  }

  position({ kind, step: name, state }: Pick<OperationEntity, 'kind' | 'step' | 'state'>): OperationPosition {
    const steps: readonly Step<unknown>[] = this.kinds.get(kind)?.steps ?? [];
    const index = steps.findIndex((step) => step.name === name);
    const progress = index < 0 ? 0 : Math.floor((100 * index) / steps.length);
    return { stepTitle: steps[index]?.title ?? name, progress: state === 'SUCCEEDED' ? 100 : progress };
  }
}
