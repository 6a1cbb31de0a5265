import type { Difference, ReconciledRow } from '../reconciliation/marked-resource.js';
import type { ObservedPort } from './network-interface.client.js';

/** A row with what Neutron can say of it. */
export interface ReconciledNetworkInterface extends ReconciledRow {
  readonly serverId: number | null;
  readonly openstackStatus: string | null;
  readonly macAddress: string | null;
  readonly fixedIpAddress: string | null;
  readonly fixedIps: readonly string[] | null;
  /** Ours, live ones. */
  readonly securityGroupIds: readonly number[] | null;
}

/** Live rows of ours that ports refer to, by OpenStack's id. */
export interface PortContext {
  readonly servers: ReadonlyMap<string, number>;
  readonly securityGroups: ReadonlyMap<string, number>;
}

/** What a row takes over from Neutron. */
export interface FollowedPort {
  readonly serverId: number | null;
  readonly status: string;
  readonly macAddress: string;
  readonly fixedIps: readonly string[];
  /** Ours. Groups without a row are left out: they come as soon as the record knows them. */
  readonly securityGroupIds: readonly number[];
}

export function followedPort(seen: ObservedPort, { servers, securityGroups }: PortContext): FollowedPort {
  const groups = seen.securityGroupIds.flatMap((id) => securityGroups.get(id) ?? []);
  return {
    serverId: seen.deviceId === null ? null : (servers.get(seen.deviceId) ?? null),
    status: seen.status,
    macAddress: seen.macAddress,
    fixedIps: seen.fixedIps.map(({ ipAddress }) => ipAddress),
    securityGroupIds: [...new Set(groups)].sort((a, b) => a - b),
  };
}

/** What the row and Neutron say differently. */
export function comparePort(
  row: ReconciledNetworkInterface,
  seen: ObservedPort,
  context: PortContext,
): readonly Difference[] {
  const theirs = followedPort(seen, context);
  const ourGroups = [...(row.securityGroupIds ?? [])].sort((a, b) => a - b);
  return [
    ...differs('openstack_status', row.openstackStatus, theirs.status, 'status'),
    ...differs('server_id', row.serverId, theirs.serverId),
    ...differs('mac_address', row.macAddress, theirs.macAddress),
    ...differs('fixed_ip_addresses', row.fixedIps ?? [], theirs.fixedIps),
    ...differs('fixed_ip_address', row.fixedIpAddress, theirs.fixedIps[0] ?? null),
    ...differs('security_group_ids', ourGroups, theirs.securityGroupIds),
  ];
}

function differs(
  field: string,
  ours: Difference['ours'],
  theirs: Difference['theirs'],
  kind: Difference['kind'] = 'field',
): readonly Difference[] {
  return JSON.stringify(ours) === JSON.stringify(theirs) ? [] : [{ field, ours, theirs, kind }];
}

/** A router's, DHCP's or a floating IP's own port, or one of no project: nobody's to manage. */
export function isForeignPort({ deviceOwner, projectId }: ObservedPort): boolean {
  return projectId === '' || deviceOwner.startsWith('network:');
}
