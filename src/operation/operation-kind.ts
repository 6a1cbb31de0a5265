import type { OpenStackCall } from '../openstack/openstack-call.js';
import type { OpenStackError } from '../openstack/openstack-errors.js';
import type { OperationEntity } from './operation.entity.js';
import type { EntityManager } from '../database/transaction.js';

/** Why an operation cannot reach its goal, in words for the person who asked. `code` is part of the contract. */
export interface Fault {
  readonly code: string;
  readonly message: string;
  readonly openstackRequestIds: readonly string[];
}

/** Writes that belong to an outcome; they run in the transaction that records it, after its fence. */
export type RowWrites = (tx: EntityManager) => Promise<void>;

/** Gives the context of a call to OpenStack; only calls made with `changing` are fenced and leave an intent. */
export interface StepCalls {
  /** For reads. */
  readonly reading: (projectOpenstackId: string) => OpenStackCall;
  /** For a call that changes OpenStack: last of all before it is sent, the lease is renewed and the intent recorded. */
  readonly changing: (projectOpenstackId: string) => OpenStackCall;
  /** The same in the service account's own scope: for Keystone, and for what only an admin may do. */
  readonly readingAsAdmin: () => OpenStackCall;
  readonly changingAsAdmin: () => OpenStackCall;
}

/** What OpenStack shows of a step's goal. */
export type Sight =
  | { readonly is: 'reached'; readonly writes?: RowWrites }
  /** On its way by itself: look again later. */
  | { readonly is: 'passing'; readonly writes?: RowWrites }
  /** A call is needed. It must be safe to make again after another look. */
  | {
      readonly is: 'needed';
      readonly act: () => Promise<void>;
      /** Refusals that pass by themselves, such as a volume that Cinder still takes for in use. */
      readonly passes?: (error: OpenStackError) => boolean;
      /** A better word for a lasting refusal than the engine's own; null for the engine's. */
      readonly explain?: (error: OpenStackError) => Fault | null;
    }
  /** `doubtful`: OpenStack may still change its mind; it is believed only when it stays for ERROR_BELIEF_MS. */
  | { readonly is: 'failed'; readonly fault: Fault; readonly doubtful?: boolean };

/** Looks, and acts if need be, until the goal is reached. MUST be safe to repeat at any time. */
export interface EnsureStep<Rows> {
  readonly does: 'ensure';
  readonly name: string;
  /** What it is about, for people: "Nova refused <title>". */
  readonly title: string;
  /** What the step before has begun takes a while: the first look waits for it. */
  readonly isWait?: true;
  look(rows: Rows, calls: StepCalls): Promise<Sight>;
  readonly undo?: UndoStep<Rows>;
}

/**
 * Makes one object in OpenStack that carries our marker. The engine never repeats `create` before `find` has shown that an
 * earlier call left nothing.
 */
export interface CreateStep<Rows> {
  readonly does: 'create';
  readonly name: string;
  /** What it is about, for people: "Nova refused <title>". */
  readonly title: string;
  /** The id that is recorded for the object, or null. */
  recorded(rows: Rows): string | null;
  /** Every object with our marker in this project; MUST compare marker and project itself. */
  find(rows: Rows, calls: StepCalls): Promise<readonly CreatedObject[]>;
  create(rows: Rows, calls: StepCalls): Promise<CreatedObject>;
  /** Refusals that pass by themselves until the deadline. */
  passes?(error: OpenStackError): boolean;
  /** A better word for a lasting refusal than the engine's own; null for the engine's. May ask OpenStack. */
  explain?(error: OpenStackError, rows: Rows, calls: StepCalls): Promise<Fault | null>;
  readonly undo: UndoStep<Rows>;
}

export interface CreatedObject {
  readonly openstackId: string;
  readonly createdAt: Date | null;
  /** Null, or in what the object differs from what was asked: then it is not adopted. */
  readonly differs: string | null;
  readonly isInUse: boolean;
  /** Writes the object's id into its row. */
  readonly writes: RowWrites;
}

/** Takes back what a step made, by recorded id and by marker. MUST be re-entrant; is retried until it is reached. */
export interface UndoStep<Rows> {
  look(rows: Rows, calls: StepCalls): Promise<Sight>;
}

export type Step<Rows> = EnsureStep<Rows> | CreateStep<Rows>;

/**
 * One kind of operation. `create` undoes what it made when it fails; `destroy` only goes forward; `change` is never undone.
 */
export interface OperationKind<Rows> {
  readonly kind: string;
  readonly effect: 'create' | 'destroy' | 'change';
  /** Someone waits who cannot come back for the answer: OpenStack's absence counts against the deadline. */
  readonly isImpatient?: true;
  readonly steps: readonly Step<Rows>[];
  /** Reads what the steps need, afresh before each step. Runs outside of a transaction or as a part of one. */
  load(manager: EntityManager, operation: OperationEntity): Promise<Rows>;
  /** The last writes of an operation that reached its goal. */
  succeed(tx: EntityManager, operation: OperationEntity, rows: Rows): Promise<void>;
  /** The last writes of one that did not; for `create`, everything was undone before. */
  fail(tx: EntityManager, operation: OperationEntity, rows: Rows, fault: Fault): Promise<void>;
}
