import type { ObservedFloatingIp } from './floating-ip.client.js';
import type { FloatingIpEntity } from './floating-ip.entity.js';

/** Whether the row says already what Neutron shows; if not, the row is written before anything is concluded. */
export function isRecorded(
  row: Pick<FloatingIpEntity, 'openstackStatus' | 'address' | 'fixedIpAddress'>,
  seen: Pick<ObservedFloatingIp, 'status' | 'address' | 'fixedIpAddress'>,
): boolean {
  return (
    row.openstackStatus === seen.status && row.address === seen.address && row.fixedIpAddress === seen.fixedIpAddress
  );
}
