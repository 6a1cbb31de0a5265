export const operationStates = ['QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED', 'NEEDS_ATTENTION'] as const;

export type OperationState = (typeof operationStates)[number];

/** FORWARD works towards the goal, COMPENSATE undoes what was made. */
export type OperationPhase = 'FORWARD' | 'COMPENSATE';

export const resourceTypes = [
  'user',
  'project',
  'project_user',
  'server',
  'security_group',
  'volume',
  'network_interface',
  'floating_ip',
  'key_pair',
] as const;

export type ResourceType = (typeof resourceTypes)[number];

export const finalStates: readonly OperationState[] = ['SUCCEEDED', 'FAILED', 'CANCELLED'];
