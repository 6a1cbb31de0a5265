export const volumeStatuses = [
  'CREATING',
  'AVAILABLE',
  'RESERVED',
  'ATTACHING',
  'DETACHING',
  'IN_USE',
  'MAINTENANCE',
  'DELETING',
  'AWAITING_TRANSFER',
  'ERROR',
  'ERROR_DELETING',
  'BACKING_UP',
  'RESTORING_BACKUP',
  'ERROR_BACKING_UP',
  'ERROR_RESTORING',
  'ERROR_EXTENDING',
  'DOWNLOADING',
  'UPLOADING',
  'RETYPING',
  'EXTENDING',
  'UNKNOWN',
] as const;

export type VolumeStatus = (typeof volumeStatuses)[number];

/** A deletion is accepted in these; from ERROR_DELETING Cinder is told first that the volume is in error. */
export const deletableStatuses: readonly VolumeStatus[] = [
  'AVAILABLE',
  'ERROR',
  'ERROR_RESTORING',
  'ERROR_EXTENDING',
  'ERROR_DELETING',
];

/** Cinder's word as the contract has it; what is not among the contract's reads UNKNOWN. */
export function volumeStatusFrom(openstackStatus: string | null): VolumeStatus {
  const word = (openstackStatus ?? '').toUpperCase().replaceAll('-', '_');
  return volumeStatuses.find((status) => status === word) ?? 'UNKNOWN';
}
