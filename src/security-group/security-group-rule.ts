import { ValidationFailed, type FieldError } from '../common/errors.js';
import { openstackText } from '../openstack/openstack-name.js';
import { readIpNetwork } from './ip-network.js';

/** A rule by its value; `Group` is how it names another group: by our id or by OpenStack's. */
export interface RuleValue<Group> {
  /** A name of Neutron's, or a number that has none; null: any. */
  readonly protocol: string | null;
  readonly etherType: EtherType;
  readonly direction: 'ingress' | 'egress';
  /** For icmp the type. */
  readonly portRangeMin: number | null;
  /** For icmp the code. */
  readonly portRangeMax: number | null;
  readonly remoteIpPrefix: string | null;
  readonly remoteGroup: Group | null;
  readonly description: string | null;
}

export type EtherType = 'IPv4' | 'IPv6';

/** A rule that is there. */
export type ExistingRule = RuleValue<string> & { readonly openstackId: string };

/** Names that Neutron knows; of two with one number the later one is the number's name. */
const protocols = [
  ['hopopt', 0],
  ['ip', 0],
  ['icmp', 1],
  ['igmp', 2],
  ['ipip', 4],
  ['tcp', 6],
  ['egp', 8],
  ['udp', 17],
  ['dccp', 33],
  ['ipv6-encap', 41],
  ['ipv6-route', 43],
  ['ipv6-frag', 44],
  ['rsvp', 46],
  ['gre', 47],
  ['esp', 50],
  ['ah', 51],
  ['icmpv6', 58],
  ['ipv6-icmp', 58],
  ['ipv6-nonxt', 59],
  ['ipv6-opts', 60],
  ['ospf', 89],
  ['vrrp', 112],
  ['pgm', 113],
  ['sctp', 132],
  ['udplite', 136],
] as const;
const protocolNames = new Set<string>(protocols.map(([name]) => name));
const nameOfNumber = new Map<string, string>(protocols.map(([name, number]) => [String(number), name]));
const protocolsWithPorts = ['tcp', 'udp', 'sctp', 'dccp', 'udplite'];
const icmpProtocols = ['icmp', 'ipv6-icmp'];
const lowestPort = 1;
const highestPort = 65_535;
const highestIcmpValue = 255;

/**
 * The rules of a request in one writing, equal ones once; the first of those that differ in their description only stays, since
 * Neutron holds no two of them.
 *
 * @throws ValidationFailed naming the fields.
 */
export function requestedRules(given: readonly RuleValue<number>[]): readonly RuleValue<number>[] {
  const errors: FieldError[] = [];
  const rules = new Map<string, RuleValue<number>>();
  for (const [index, one] of given.entries()) {
    const rule = normalised(one);
    errors.push(
      ...wrongFields(one, rule).map((error) => ({ ...error, field: `rules.${String(index)}.${error.field}` })),
    );
    const key = ruleKey(rule);
    if (!rules.has(key)) rules.set(key, rule);
  }
  if (errors.length > 0) throw new ValidationFailed(errors.slice(0, 50));
  return [...rules.values()];
}

/**
 * A rule in one writing, whoever wrote it: protocols by name, all ports as none, prefixes as networks, icmp of IPv6 by its own
 * name. What cannot be read stays as it is.
 */
export function normalised<Rule extends RuleValue<unknown>>(rule: Rule): Rule {
  const isAllPorts = rule.portRangeMin === lowestPort && rule.portRangeMax === highestPort;
  return {
    ...rule,
    protocol: protocolName(rule.protocol, rule.etherType),
    ...(isAllPorts ? { portRangeMin: null, portRangeMax: null } : {}),
    remoteIpPrefix:
      rule.remoteIpPrefix === null ? null : (readIpNetwork(rule.remoteIpPrefix)?.text ?? rule.remoteIpPrefix),
    description: rule.description === null || rule.description === '' ? null : openstackText(rule.description),
  };
}

function protocolName(given: string | null, etherType: EtherType): string | null {
  const word = given?.toLowerCase() ?? 'any';
  if (word === 'any') return null;
  const name = nameOfNumber.get(word) ?? word;
  const isIcmpOfSix = etherType === 'IPv6' && (name === 'icmp' || name === 'icmpv6');
  return isIcmpOfSix ? 'ipv6-icmp' : name;
}

/** What Neutron would refuse; `rule` is `given` in one writing. */
function wrongFields(given: RuleValue<unknown>, rule: RuleValue<unknown>): readonly FieldError[] {
  const protocol = wrongProtocol(rule);
  return [...protocol, ...(protocol.length === 0 ? wrongRange(rule) : []), ...wrongRemote(given)];
}

function wrongProtocol({ protocol, etherType }: RuleValue<unknown>): readonly FieldError[] {
  if (protocol === null) return [];
  const isNumber = /^(0|[1-9]\d{0,2})$/.test(protocol) && Number(protocol) <= 255;
  if (!isNumber && !protocolNames.has(protocol)) {
    return [
      wrong(
        'protocol',
        'protocol',
        'must be a protocol that Neutron knows, such as tcp, udp or icmp, or a number from 0 to 255',
      ),
    ];
  }
  const isOfSix = protocol.startsWith('ipv6-') || protocol === 'icmpv6';
  return isOfSix && etherType === 'IPv4'
    ? [wrong('protocol', 'ether_type', `${protocol} is a protocol of IPv6 only`)]
    : [];
}

function wrongRange({ protocol, portRangeMin: min, portRangeMax: max }: RuleValue<unknown>): readonly FieldError[] {
  if (min === null && max === null) return [];
  const first = min === null ? 'port_range_max' : 'port_range_min';
  if (protocol === null) return [wrong(first, 'protocol_required', 'needs a protocol')];
  if (icmpProtocols.includes(protocol)) return wrongIcmp(min, max);
  if (!protocolsWithPorts.includes(protocol)) {
    return [
      wrong(
        first,
        'no_ports',
        `must be null: only ${protocolsWithPorts.join(', ')} have ports, and icmp has type and code`,
      ),
    ];
  }
  if (min === null || max === null) {
    return [wrong(min === null ? 'port_range_min' : 'port_range_max', 'required', 'must be given: both ends or none')];
  }
  if (min < lowestPort) return [wrong('port_range_min', 'min', `must be at least ${String(lowestPort)}`)];
  return min > max ? [wrong('port_range_min', 'range', 'must not be above port_range_max')] : [];
}

function wrongIcmp(type: number | null, code: number | null): readonly FieldError[] {
  if (type === null)
    return [wrong('port_range_min', 'required', 'must be given: a code (port_range_max) needs its type')];
  const tooLarge = (field: string, what: string): FieldError =>
    wrong(field, 'max', `must be at most ${String(highestIcmpValue)}: it is the ${what} of icmp`);
  return [
    ...(type > highestIcmpValue ? [tooLarge('port_range_min', 'type')] : []),
    ...(code !== null && code > highestIcmpValue ? [tooLarge('port_range_max', 'code')] : []),
  ];
}

function wrongRemote({ remoteIpPrefix, remoteGroup, etherType }: RuleValue<unknown>): readonly FieldError[] {
  if (remoteIpPrefix === null) return [];
  const network = readIpNetwork(remoteIpPrefix);
  if (network === null)
    return [wrong('remote_ip_prefix', 'cidr', 'must be a network such as 203.0.113.0/24 or 2001:db8::/32')];
  if (network.etherType !== etherType) {
    return [wrong('remote_ip_prefix', 'ether_type', `is ${network.etherType}, and ether_type says ${etherType}`)];
  }
  return remoteGroup === null
    ? []
    : [wrong('remote_group_id', 'contradiction', 'must be null where remote_ip_prefix is given')];
}

function wrong(field: string, type: string, message: string): FieldError {
  return { field, type, message };
}

/**
 * Equal for rules of which a group has one at most: the description does not count, and a prefix that holds every address is
 * none. Of rules in one writing.
 */
export function ruleKey(rule: RuleValue<unknown>): string {
  const { direction, etherType, protocol, portRangeMin, portRangeMax, remoteIpPrefix, remoteGroup } = rule;
  const prefix = remoteIpPrefix === '0.0.0.0/0' || remoteIpPrefix === '::/0' ? null : remoteIpPrefix;
  return JSON.stringify([direction, etherType, protocol, portRangeMin, portRangeMax, prefix, remoteGroup]);
}

export interface RuleDifference {
  /** Would be taken for one that is to come: they differ in the description alone, which Neutron cannot change. */
  readonly replace: readonly ExistingRule[];
  readonly add: readonly RuleValue<string>[];
  readonly remove: readonly ExistingRule[];
}

/** What is to be done, in this order, so that a group has exactly the wanted rules; all of them in one writing. */
export function ruleDifference(
  wanted: readonly RuleValue<string>[],
  existing: readonly ExistingRule[],
): RuleDifference {
  const kept = new Set<ExistingRule>();
  const add: RuleValue<string>[] = [];
  const replace: ExistingRule[] = [];
  for (const rule of wanted) {
    const twins = existing.filter((candidate) => ruleKey(candidate) === ruleKey(rule));
    const same = twins.find(({ description }) => description === rule.description);
    if (same === undefined) {
      add.push(rule);
      replace.push(...twins);
    } else kept.add(same);
  }
  return { replace, add, remove: existing.filter((rule) => !kept.has(rule) && !replace.includes(rule)) };
}

/** The wanted rules that are not there; for a group that keeps what else it has. */
export function missingRules(
  wanted: readonly RuleValue<string>[],
  existing: readonly ExistingRule[],
): readonly RuleValue<string>[] {
  const keys = new Set(existing.map((rule) => ruleKey(rule)));
  return wanted.filter((rule) => !keys.has(ruleKey(rule)));
}
