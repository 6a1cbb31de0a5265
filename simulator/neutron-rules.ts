import { numberOf, shown, textOf, type Json } from './json.js';
import type { SecurityGroupRule } from './model.js';
import { badRequest, invalidInput, refusal } from './neutron-errors.js';
import { readPrefix } from './prefixes.js';

export type RuleValues = Pick<
  SecurityGroupRule,
  'direction' | 'etherType' | 'protocol' | 'portMin' | 'portMax' | 'remotePrefix' | 'remoteGroupId'
>;

/** Names and numbers; the last name of a number is the one that a number is compared as. */
const protocols: readonly (readonly [string, number])[] = [
  ['ah', 51],
  ['dccp', 33],
  ['egp', 8],
  ['esp', 50],
  ['gre', 47],
  ['hopopt', 0],
  ['icmp', 1],
  ['igmp', 2],
  ['ip', 0],
  ['ipip', 4],
  ['ipv6-encap', 41],
  ['ipv6-frag', 44],
  ['icmpv6', 58],
  ['ipv6-icmp', 58],
  ['ipv6-nonxt', 59],
  ['ipv6-opts', 60],
  ['ipv6-route', 43],
  ['ospf', 89],
  ['pgm', 113],
  ['rsvp', 46],
  ['sctp', 132],
  ['tcp', 6],
  ['udp', 17],
  ['udplite', 136],
  ['vrrp', 112],
];
const numbers = new Map(protocols);
const names = new Map(protocols.map(([name, number]) => [String(number), name]));
const withPorts = [33, 132, 6, 17, 136];
const onlySix = [41, 44, 58, 59, 60, 43];

/** Values of a rule as Neutron keeps them: numbers of protocols and host bits stay, a range of all ports is none. */
export function ruleValues(body: Json): RuleValues {
  const direction = body['direction'];
  if (direction === undefined)
    throw badRequest("Failed to parse request. Required attribute 'direction' not specified");
  if (direction !== 'ingress' && direction !== 'egress') {
    throw invalidInput('direction', `'${shown(direction)}' is not in ['ingress', 'egress']`);
  }
  const etherType = etherTypeOf(body['ethertype'] ?? 'IPv4');
  const protocol = canonical(protocolOf(body['protocol'] ?? null), etherType);
  const [portMin, portMax] = portsOf(body);
  checkPorts(protocol, portMin, portMax);
  const remotePrefix = prefixOf(textOf(body, 'remote_ip_prefix'), etherType);
  if (protocol !== null && onlySix.includes(numberOfProtocol(protocol)) && etherType === 'IPv4') {
    const text = `Invalid ethertype ${etherType} for protocol ${protocol}.`;
    throw refusal(400, 'SecurityGroupEthertypeConflictWithProtocol', text);
  }
  const remoteGroup = body['remote_group_id'] ?? null;
  if (remotePrefix !== null && remoteGroup !== null) {
    const text = 'Only one of remote_ip_prefix or remote_group_id or remote_address_group_id may be provided.';
    throw refusal(400, 'SecurityGroupMultipleRemoteEntites', text);
  }
  const remoteGroupId = remoteGroup === null ? null : shown(remoteGroup);
  return { direction, etherType, protocol, portMin, portMax, remotePrefix, remoteGroupId };
}

function etherTypeOf(given: unknown): 'IPv4' | 'IPv6' {
  const word = shown(given).toLowerCase();
  if (word === 'ipv4') return 'IPv4';
  if (word === 'ipv6') return 'IPv6';
  const text = `Security group rule for ethertype '${shown(given)}' not supported. Allowed values are ['IPv4', 'IPv6'].`;
  throw refusal(400, 'SecurityGroupRuleInvalidEtherType', text);
}

function protocolOf(value: unknown): string | null {
  if (value === null) return null;
  const text = shown(value).toLowerCase();
  if (text === 'any') return null;
  if (/^[+-]?\d+$/.test(text) && Number(text) >= 0 && Number(text) <= 255) {
    if (String(Number(text)) === text) return text;
    // Python reads the number, the model behind it does not.
    throw refusal(
      500,
      'HTTPInternalServerError',
      'Request Failed: internal server error while processing your request.',
    );
  }
  if (numbers.has(text)) return text;
  const known = ['None', "'any'", ...protocols.map(([name]) => `'${name}'`)].join(', ');
  const message = `Security group rule protocol ${text} not supported. Only protocol values (${known}) and integer representations [0 to 255] are supported.`;
  throw refusal(400, 'SecurityGroupRuleInvalidProtocol', message);
}

/** ICMP of IPv6 by its own name or number. */
function canonical(protocol: string | null, etherType: 'IPv4' | 'IPv6'): string | null {
  if (etherType === 'IPv4') return protocol;
  if (protocol === 'icmp' || protocol === 'icmpv6') return 'ipv6-icmp';
  return protocol === '1' ? '58' : protocol;
}

function numberOfProtocol(protocol: string): number {
  return numbers.get(protocol) ?? Number(protocol);
}

function portsOf(body: Json): readonly [number | null, number | null] {
  const [min, max] = (['port_range_min', 'port_range_max'] as const).map((field) => {
    const given = body[field] ?? null;
    const port = given === null ? null : (numberOf(body, field) ?? -1);
    if (port !== null && (port < 0 || port > 65_535)) throw invalidPort(given);
    return port;
  });
  return min === 1 && max === 65_535 ? [null, null] : [min ?? null, max ?? null];
}

function invalidPort(given: unknown): Error {
  return refusal(400, 'SecurityGroupInvalidPortValue', `Invalid value for port ${shown(given)}`);
}

function checkPorts(protocol: string | null, min: number | null, max: number | null): void {
  if (min === null && max === null) return;
  if (protocol === null) {
    throw refusal(400, 'SecurityGroupProtocolRequiredWithPorts', 'Must also specify protocol if port range is given.');
  }
  const number = numberOfProtocol(protocol);
  if (withPorts.includes(number)) {
    if (min === 0 || max === 0) throw invalidPort(0);
    if (min !== null && max !== null && min <= max) return;
    const text = 'For TCP/UDP protocols, port_range_min must be <= port_range_max';
    throw refusal(400, 'SecurityGroupInvalidPortRange', text);
  }
  if (number === 1 || number === 58) {
    checkIcmp(min, max);
    return;
  }
  const text = `Ports cannot be specified for protocol ${String(number)}. Ports are only supported for DCCP, SCTP, TCP, UDP, UDPLITE.`;
  throw refusal(400, 'SecurityGroupInvalidProtocolForPort', text);
}

function checkIcmp(type: number | null, code: number | null): void {
  for (const [field, attribute, value] of [
    ['type', 'port_range_min', type],
    ['code', 'port_range_max', code],
  ] as const) {
    if (value !== null && value > 255) {
      const text = `Invalid value for ICMP ${field} (${attribute}) ${String(value)}. It must be 0 to 255.`;
      throw refusal(400, 'SecurityGroupInvalidIcmpValue', text);
    }
  }
  if (type === null) {
    const text = `ICMP code (port-range-max) ${String(code)} is provided but ICMP type (port-range-min) is missing.`;
    throw refusal(400, 'SecurityGroupMissingIcmpType', text);
  }
}

function prefixOf(given: string | null, etherType: 'IPv4' | 'IPv6'): string | null {
  if (given === null || given === '') return null;
  const prefix = readPrefix(given);
  if (prefix === null) throw refusal(400, 'InvalidCIDR', `Invalid CIDR ${given} given as IP prefix.`);
  if (prefix.etherType === etherType) return prefix.text;
  const text = `Conflicting value ethertype ${etherType} for CIDR ${given}`;
  throw refusal(400, 'SecurityGroupRuleParameterConflict', text);
}

/** By this Neutron tells whether a group has a rule already: the description does not count, host bits do. */
export function ruleKey(rule: RuleValues): string {
  const { direction, etherType, protocol, portMin, portMax, remotePrefix, remoteGroupId } = rule;
  const named = protocol === null ? null : (names.get(protocol) ?? protocol);
  const prefix = remotePrefix === '0.0.0.0/0' || remotePrefix === '::/0' ? null : remotePrefix;
  return JSON.stringify([direction, etherType, named, portMin, portMax, prefix, remoteGroupId]);
}
