import { finalStates } from './operation-state.js';
import type { OperationEntity } from './operation.entity.js';

/** Why an operation does not get on, for the person who waits for it. */
export interface OperationWaiting {
  readonly reason: string;
  readonly retryAt: Date;
}

const names: Readonly<Record<string, string>> = {
  identity: 'Keystone',
  compute: 'Nova',
  network: 'Neutron',
  volume: 'Cinder',
  image: 'Glance',
};

/** By the first word of a failure's signature, which `StepRunner` makes. */
const reasons: Readonly<Record<string, (service: string) => string>> = {
  unavailable: (service) => `${service} cannot be reached, or asks for patience`,
  unauthorized: (service) => `${service} does not accept the service's own token`,
  unknown: (service) => `${service} gave no answer`,
  broken: (service) => `${service} failed inside`,
  conflict: (service) => `${service} is still busy with the thing`,
  refused: (service) => `${service} does not take the request yet`,
  quota: (service) => `${service} has no quota left for it`,
  'not found': (service) => `${service} does not know the thing yet`,
};

/** Null while it gets on, or when it has ended. */
export function waitingOf({
  state,
  lastFailure,
  failures,
  nextRunAt,
}: Pick<OperationEntity, 'state' | 'lastFailure' | 'failures' | 'nextRunAt'>): OperationWaiting | null {
  if (finalStates.includes(state) || lastFailure === null || failures === 0) return null;
  return { reason: `${reasonOf(lastFailure)}. It is tried again by itself.`, retryAt: nextRunAt };
}

/** Tells which service failed and how, never what that said, which is for administrators. */
export function reasonOf(lastFailure: string): string {
  const signature = lastFailure.replace(/^look: /, '');
  const [word = '', say] = Object.entries(reasons).find(([start]) => signature.startsWith(`${start} `)) ?? [];
  const service = names[signature.slice(word.length + 1).split(' ', 1)[0] ?? ''];
  return say === undefined || service === undefined ? 'A step has failed' : say(service);
}
