export const serverStatuses = [
  'ACTIVE',
  'BUILD',
  'DELETED',
  'ERROR',
  'HARD_REBOOT',
  'MIGRATING',
  'PASSWORD',
  'PAUSED',
  'REBOOT',
  'REBUILD',
  'RESCUE',
  'RESIZE',
  'REVERT_RESIZE',
  'SHELVED',
  'SHELVED_OFFLOADED',
  'SHUTOFF',
  'SOFT_DELETED',
  'SUSPENDED',
  'UNKNOWN',
  'VERIFY_RESIZE',
] as const;

export type ServerStatus = (typeof serverStatuses)[number];

/** Nova's word as the contract has it; what is not among the contract's reads UNKNOWN. */
export function serverStatusFrom(openstackStatus: string | null): ServerStatus {
  const word = (openstackStatus ?? '').toUpperCase().replaceAll('-', '_');
  return serverStatuses.find((status) => status === word) ?? 'UNKNOWN';
}
