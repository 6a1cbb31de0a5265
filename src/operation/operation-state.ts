export type OperationState = 'QUEUED' | 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'CANCELLED' | 'NEEDS_ATTENTION';

/** FORWARD works towards the goal, COMPENSATE undoes what was made. */
export type OperationPhase = 'FORWARD' | 'COMPENSATE';

export type ResourceType =
  | 'user'
  | 'project'
  | 'project_user'
  | 'server'
  | 'security_group'
  | 'volume'
  | 'network_interface'
  | 'floating_ip'
  | 'key_pair';

export const finalStates: readonly OperationState[] = ['SUCCEEDED', 'FAILED', 'CANCELLED'];
