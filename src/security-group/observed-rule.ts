import { normalised, type ExistingRule } from './security-group-rule.js';
import type { ObservedSecurityGroupRule } from './security-group.client.js';

/** A rule as Neutron showed it, in the one writing in which rules are recorded and compared. */
export function existingRule(seen: ObservedSecurityGroupRule): ExistingRule {
  return normalised({
    openstackId: seen.openstackId,
    protocol: seen.protocol,
    etherType: seen.etherType === 'IPv6' ? 'IPv6' : 'IPv4',
    direction: seen.direction === 'egress' ? 'egress' : 'ingress',
    portRangeMin: seen.portRangeMin,
    portRangeMax: seen.portRangeMax,
    remoteIpPrefix: seen.remoteIpPrefix,
    remoteGroup: seen.remoteGroupOpenstackId,
    description: seen.description,
  });
}
