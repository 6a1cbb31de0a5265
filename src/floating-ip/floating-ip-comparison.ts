import type { Difference, ReconciledRow } from '../reconciliation/marked-resource.js';
import { floatingIpStatusFrom } from './floating-ip-status.js';
import type { ObservedFloatingIp } from './floating-ip.client.js';

/** A row with what Neutron can say of it. */
export interface ReconciledFloatingIp extends ReconciledRow {
  readonly status: string;
  readonly openstackStatus: string | null;
  readonly address: string | null;
  readonly fixedIpAddress: string | null;
  readonly networkInterfaceId: number | null;
}

/** Live network interfaces of ours by Neutron's id of the port. */
export type KnownInterfaces = ReadonlyMap<string, number>;

/** What the row and Neutron say differently. A port that is not ours is no interface. */
export function compareFloatingIp(
  row: ReconciledFloatingIp,
  seen: ObservedFloatingIp,
  interfaces: KnownInterfaces,
): readonly Difference[] {
  const status = floatingIpStatusFrom(seen.status);
  return [
    ...(row.status === status
      ? differs('openstack_status', row.openstackStatus, seen.status, 'status')
      : differs('status', row.status, status, 'status')),
    ...differs('address', row.address, seen.address),
    ...differs('network_interface_id', row.networkInterfaceId, interfaceOf(seen, interfaces)),
    ...differs('fixed_ip_address', row.fixedIpAddress, seen.fixedIpAddress),
  ];
}

export function interfaceOf({ portId }: ObservedFloatingIp, interfaces: KnownInterfaces): number | null {
  return portId === null ? null : (interfaces.get(portId) ?? null);
}

function differs(
  field: string,
  ours: Difference['ours'],
  theirs: Difference['theirs'],
  kind: Difference['kind'] = 'field',
): readonly Difference[] {
  return ours === theirs ? [] : [{ field, ours, theirs, kind }];
}
