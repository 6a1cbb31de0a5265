import type { OpenStackError } from '../openstack/openstack-errors.js';
import type { CreateStep, Fault, StepCalls } from '../operation/operation-kind.js';

/** A call after which OpenStack goes on by itself, and which must not be made again while the first may still take effect. */
export interface SingleCall<Rows> {
  readonly name: string;
  readonly title: string;
  /** Makes the call, or finds that there is no need to. */
  call(rows: Rows, calls: StepCalls): Promise<void>;
  /** Whether an earlier call was accepted, or someone else did the same. */
  isAccepted(rows: Rows, calls: StepCalls): Promise<boolean>;
  /** Refusals that pass by themselves until the deadline. */
  passes?(error: OpenStackError): boolean;
  explain?(error: OpenStackError, rows: Rows, calls: StepCalls): Promise<Fault | null>;
}

/**
 * Such a call as a step. To the engine it is like the creation of an object: an answer that was lost is waited for and looked up
 * before anything is sent again, and a refusal is looked at twice, since it may come from our own earlier success.
 */
export function singleCall<Rows>(one: SingleCall<Rows>): CreateStep<Rows> {
  const accepted = {
    openstackId: '',
    createdAt: null,
    differs: null,
    isInUse: true,
    writes: () => Promise.resolve(),
  };
  return {
    does: 'create',
    name: one.name,
    title: one.title,
    recorded: () => null,
    find: async (rows, calls) => ((await one.isAccepted(rows, calls)) ? [accepted] : []),
    create: async (rows, calls) => {
      await one.call(rows, calls);
      return accepted;
    },
    passes: (error) => one.passes?.(error) ?? false,
    explain: async (error, rows, calls) => (await one.explain?.(error, rows, calls)) ?? null,
    // What such calls change is never undone.
    undo: { look: () => Promise.resolve({ is: 'reached' }) },
  };
}
