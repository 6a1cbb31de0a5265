import {
  OpenStackConflict,
  OpenStackNotFound,
  OpenStackQuotaExceeded,
  type OpenStackError,
} from '../openstack/openstack-errors.js';
import type { Fault } from './operation-kind.js';
import { reasonOf } from './operation-waiting.js';
import type { OperationEntity } from './operation.entity.js';

type RefusedOperation = Pick<OperationEntity, 'errorDetail' | 'openstackRequestIds'>;

const maxMessage = 500;

/** A refusal of OpenStack as the contract names it. `doing` says what was tried, e.g. `creating the port`. */
export function faultOf(error: OpenStackError, doing: string): Fault {
  const text = error.text.replace(/[\s.]+$/, '');
  const said = text === '' ? `answered ${String(error.status ?? 'nothing')}` : `said: ${text}`;
  return {
    code: codeOf(error),
    message: cut(`${upperFirst(serviceName(error))} refused ${doing}; it ${said}${advice(error)}`),
    openstackRequestIds: error.requestId === null ? [] : [error.requestId],
  };
}

/** A quota that Neutron refused by, with its numbers. */
export function networkQuotaFault(
  error: OpenStackError,
  what: string,
  { limit, used }: { readonly limit: number; readonly used: number },
): Fault {
  return {
    code: 'QUOTA_EXCEEDED',
    message: `Neutron refused ${what}: the project's quota allows ${String(limit)}, ${String(used)} are used and 1 more was asked for. Delete one, or ask for a larger quota.`,
    openstackRequestIds: error.requestId === null ? [] : [error.requestId],
  };
}

/** `lastFailure` is what the newest try failed by, if it failed. */
export function deadlineFault(doing: string, lastFailure: string | null): Fault {
  const reason = lastFailure === null ? '' : `: ${reasonOf(lastFailure)}`;
  return {
    code: 'DEADLINE_EXCEEDED',
    message: `OpenStack did not finish ${doing} in time${reason}. Try again, or ask the cloud's operators why it takes so long.`,
    openstackRequestIds: [],
  };
}

/** The code of what an administrator ended. */
export const operationAbandoned = 'OPERATION_ABANDONED';

/** Names the refusal that was being undone, if one was. */
export function abandonedFault({ errorDetail, openstackRequestIds }: RefusedOperation): Fault {
  const before = errorDetail === null ? '' : ` Before that: ${errorDetail}`;
  return {
    code: operationAbandoned,
    message: cut(`An administrator ended the operation before it was done.${before}`),
    openstackRequestIds: openstackRequestIds ?? [],
  };
}

/**
 * Tells by which request of OpenStack it happened, for whoever asks the cloud's operators: with the fault's own ids, else with `newest`,
 * the last request that changed OpenStack for this operation.
 */
export function withRequests(fault: Fault, newest: readonly string[]): Fault {
  const openstackRequestIds = fault.openstackRequestIds.length > 0 ? fault.openstackRequestIds : newest;
  const source = openstackRequestIds.length === 0 ? '' : ` (OpenStack request ${openstackRequestIds.join(', ')})`;
  const message = `${cut(fault.message, maxMessage - source.length)}${source}`;
  return { ...fault, message, openstackRequestIds };
}

function cut(text: string, length = maxMessage): string {
  return [...text].slice(0, length).join('');
}

function codeOf(error: OpenStackError): string {
  if (error instanceof OpenStackQuotaExceeded) return 'QUOTA_EXCEEDED';
  if (error instanceof OpenStackConflict) return 'OPENSTACK_CONFLICT';
  return 'OPENSTACK_REFUSED';
}

function advice(error: OpenStackError): string {
  if (error instanceof OpenStackQuotaExceeded) return '. Delete something of that kind, or ask for a larger quota.';
  if (error instanceof OpenStackNotFound) return '. Something that it needs is not there (any more).';
  return '';
}

const serviceNames = {
  identity: 'Keystone',
  compute: 'Nova',
  network: 'Neutron',
  volume: 'Cinder',
  image: 'Glance',
} as const;

export function serviceName(error: OpenStackError): string {
  return serviceNames[error.service];
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
