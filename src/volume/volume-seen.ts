import type { ObservedVolume } from './volume.client.js';
import type { VolumeEntity } from './volume.entity.js';

/** Whether the row says already what Cinder shows; if not, the row is written before anything is concluded. */
export function isRecorded(
  row: Pick<VolumeEntity, 'openstackStatus' | 'size' | 'device' | 'isRootVolume'>,
  seen: Pick<ObservedVolume, 'status' | 'size' | 'attachments'>,
): boolean {
  const device = seen.attachments[0]?.device ?? null;
  return row.openstackStatus === seen.status && row.size === seen.size && (row.isRootVolume || row.device === device);
}
