import { describe, expect, it } from '@jest/globals';
import { ValidationFailed } from '../common/errors.js';
import {
  missingRules,
  normalised,
  requestedRules,
  ruleDifference,
  ruleKey,
  type ExistingRule,
  type RuleValue,
} from './security-group-rule.js';

const any: RuleValue<never> = {
  protocol: null,
  etherType: 'IPv4',
  direction: 'ingress',
  portRangeMin: null,
  portRangeMax: null,
  remoteIpPrefix: null,
  remoteGroup: null,
  description: null,
};
const six = { ...any, etherType: 'IPv6' } as const;
const ssh = { ...any, protocol: 'tcp', portRangeMin: 22, portRangeMax: 22 };

describe('normalised', () => {
  it.each([
    ['6', 'IPv4', 'tcp'],
    ['TCP', 'IPv4', 'tcp'],
    ['17', 'IPv4', 'udp'],
    ['0', 'IPv4', 'ip'],
    ['hopopt', 'IPv4', 'hopopt'],
    ['1', 'IPv4', 'icmp'],
    ['1', 'IPv6', 'ipv6-icmp'],
    ['icmp', 'IPv6', 'ipv6-icmp'],
    ['icmpv6', 'IPv6', 'ipv6-icmp'],
    ['58', 'IPv6', 'ipv6-icmp'],
    ['132', 'IPv4', 'sctp'],
    ['99', 'IPv4', '99'],
    ['any', 'IPv4', null],
    [null, 'IPv4', null],
  ] as const)('protocol %s of %s is %s', (protocol, etherType, expected) => {
    expect(normalised({ ...any, protocol, etherType }).protocol).toBe(expected);
  });

  it.each([
    [
      'all ports are none',
      { ...ssh, portRangeMin: 1, portRangeMax: 65_535 },
      { portRangeMin: null, portRangeMax: null },
    ],
    ['some are not', { ...ssh, portRangeMin: 1, portRangeMax: 65_534 }, { portRangeMin: 1, portRangeMax: 65_534 }],
    ['a prefix is its network', { ...ssh, remoteIpPrefix: '10.0.0.5/24' }, { remoteIpPrefix: '10.0.0.0/24' }],
    ['an address is a network', { ...ssh, remoteIpPrefix: '10.0.0.5' }, { remoteIpPrefix: '10.0.0.5/32' }],
    ['IPv6 too', { ...six, remoteIpPrefix: '2001:DB8::1/32' }, { remoteIpPrefix: '2001:db8::/32' }],
    ['no text is none', { ...ssh, description: '' }, { description: null }],
    ['a text is as Neutron takes it', { ...ssh, description: 'fox 🦊' }, { description: 'fox _' }],
    ['what cannot be read stays', { ...ssh, remoteIpPrefix: 'ten' }, { remoteIpPrefix: 'ten' }],
  ])('%s', (_what, given, expected) => {
    expect(normalised(given)).toEqual({ ...given, ...expected });
    expect(normalised(normalised(given))).toEqual(normalised(given));
  });
});

describe('requestedRules', () => {
  const errorsOf = (...rules: readonly RuleValue<number>[]): readonly (readonly [string, string])[] => {
    try {
      requestedRules(rules);
      return [];
    } catch (error) {
      if (!(error instanceof ValidationFailed)) throw error;
      return (error.details.errors ?? []).map(({ field, type }) => [field, type]);
    }
  };

  it.each([
    ['everything', any],
    ['all ports without a protocol', { ...any, portRangeMin: 1, portRangeMax: 65_535 }],
    ['one port', ssh],
    ['ports of a protocol by its number', { ...ssh, protocol: '132' }],
    ['ports of udplite', { ...ssh, protocol: 'udplite' }],
    ['gre', { ...any, protocol: 'gre' }],
    ['protocol 255', { ...any, protocol: '255' }],
    ['icmp', { ...any, protocol: 'icmp' }],
    ['a type of icmp', { ...any, protocol: 'icmp', portRangeMin: 0 }],
    ['type and code of icmp, which are no range', { ...any, protocol: 'icmp', portRangeMin: 8, portRangeMax: 0 }],
    ['icmp of IPv6', { ...six, protocol: 'icmp', portRangeMin: 128, portRangeMax: 255 }],
    ['another group', { ...ssh, remoteGroup: 5 }],
    ['a network', { ...ssh, remoteIpPrefix: '0.0.0.0/0' }],
  ])('takes %s', (_what, rule) => {
    expect(errorsOf(rule)).toEqual([]);
  });

  it.each([
    ['an unknown protocol', { ...any, protocol: 'foo' }, 'protocol', 'protocol'],
    ['no text for a protocol', { ...any, protocol: '' }, 'protocol', 'protocol'],
    ['256', { ...any, protocol: '256' }, 'protocol', 'protocol'],
    ['-1', { ...any, protocol: '-1' }, 'protocol', 'protocol'],
    ['a number on which Neutron fails', { ...any, protocol: '06' }, 'protocol', 'protocol'],
    ['icmpv6 in IPv4', { ...any, protocol: 'icmpv6' }, 'protocol', 'ether_type'],
    ['58 in IPv4', { ...any, protocol: '58' }, 'protocol', 'ether_type'],
    ['ports without a protocol', { ...ssh, protocol: null }, 'port_range_min', 'protocol_required'],
    ['an end without a protocol', { ...any, portRangeMax: 5 }, 'port_range_max', 'protocol_required'],
    ['ports of gre', { ...ssh, protocol: 'gre' }, 'port_range_min', 'no_ports'],
    ['ports of a number', { ...ssh, protocol: '99' }, 'port_range_min', 'no_ports'],
    ['half a range', { ...ssh, portRangeMax: null }, 'port_range_max', 'required'],
    ['the other half', { ...ssh, portRangeMin: null }, 'port_range_min', 'required'],
    ['port 0', { ...ssh, portRangeMin: 0 }, 'port_range_min', 'min'],
    ['a range from its end', { ...ssh, portRangeMin: 23 }, 'port_range_min', 'range'],
    ['a code alone', { ...any, protocol: 'icmp', portRangeMax: 0 }, 'port_range_min', 'required'],
    ['a type of 256', { ...any, protocol: 'icmp', portRangeMin: 256 }, 'port_range_min', 'max'],
    ['a code of 256', { ...any, protocol: '1', portRangeMin: 8, portRangeMax: 256 }, 'port_range_max', 'max'],
    ['no network', { ...any, remoteIpPrefix: '10.0.0.0/33' }, 'remote_ip_prefix', 'cidr'],
    ['no text for a network', { ...any, remoteIpPrefix: '' }, 'remote_ip_prefix', 'cidr'],
    ['a network of the other family', { ...any, remoteIpPrefix: '::/0' }, 'remote_ip_prefix', 'ether_type'],
    ['IPv4 in IPv6', { ...six, remoteIpPrefix: '10.0.0.0/8' }, 'remote_ip_prefix', 'ether_type'],
    ['network and group', { ...any, remoteIpPrefix: '10.0.0.0/8', remoteGroup: 5 }, 'remote_group_id', 'contradiction'],
  ])('refuses %s', (_what, rule, field, type) => {
    expect(errorsOf(any, rule)).toEqual([[`rules.1.${field}`, type]]);
  });

  it('names everything that is wrong', () => {
    const both = { ...any, protocol: 'foo', remoteIpPrefix: 'bar' };
    expect(errorsOf(both, { ...ssh, portRangeMin: 0 })).toEqual([
      ['rules.0.protocol', 'protocol'],
      ['rules.0.remote_ip_prefix', 'cidr'],
      ['rules.1.port_range_min', 'min'],
    ]);
  });

  it('has equal rules once, in the first writing and with the first description', () => {
    const rules = requestedRules([
      { ...ssh, protocol: '6', remoteIpPrefix: '10.0.0.7/8', description: 'first' },
      { ...ssh, remoteIpPrefix: '10.0.0.0/8', description: 'second' },
      { ...ssh, remoteIpPrefix: '0.0.0.0/0' },
      ssh,
      { ...ssh, direction: 'egress' },
    ]);
    expect(rules).toEqual([
      { ...ssh, remoteIpPrefix: '10.0.0.0/8', description: 'first' },
      { ...ssh, remoteIpPrefix: '0.0.0.0/0' },
      { ...ssh, direction: 'egress' },
    ]);
  });
});

describe('ruleKey', () => {
  it.each([
    ['direction', { direction: 'egress' }],
    ['family', { etherType: 'IPv6' }],
    ['protocol', { protocol: 'udp' }],
    ['first port', { portRangeMin: 21 }],
    ['last port', { portRangeMax: 23 }],
    ['network', { remoteIpPrefix: '10.0.0.0/8' }],
    ['group', { remoteGroup: 'g' }],
  ])('tells rules apart by their %s', (_what, change) => {
    expect(ruleKey({ ...ssh, ...change } as RuleValue<string>)).not.toBe(ruleKey(ssh));
  });

  it('does not by their description, nor by a network that is everything', () => {
    expect(ruleKey({ ...ssh, description: 'x' })).toBe(ruleKey(ssh));
    expect(ruleKey({ ...ssh, remoteIpPrefix: '0.0.0.0/0' })).toBe(ruleKey(ssh));
    expect(ruleKey({ ...six, remoteIpPrefix: '::/0' })).toBe(ruleKey(six));
  });
});

describe('ruleDifference', () => {
  const there = (openstackId: string, rule: RuleValue<string>): ExistingRule => ({ ...rule, openstackId });
  const http = { ...ssh, portRangeMin: 80, portRangeMax: 80 };
  const ids = (rules: readonly ExistingRule[]): readonly string[] => rules.map(({ openstackId }) => openstackId);

  it.each([
    ['nothing for what is the same', [ssh, http], [there('a', http), there('b', ssh)], [], [], []],
    ['what is missing', [ssh, http], [there('a', ssh)], [], [http], []],
    ['what is too much', [ssh], [there('a', ssh), there('b', http)], [], [], ['b']],
    ['everything', [ssh], [there('a', http)], [], [ssh], ['a']],
    ['nothing for none', [], [], [], [], []],
    [
      'another description, after its twin has gone',
      [{ ...ssh, description: 'x' }],
      [there('a', ssh)],
      ['a'],
      [{ ...ssh, description: 'x' }],
      [],
    ],
    [
      'the twin with another description',
      [ssh],
      [there('a', { ...ssh, description: 'x' }), there('b', ssh)],
      [],
      [],
      ['a'],
    ],
    [
      'nothing for a network that is everything',
      [{ ...ssh, remoteIpPrefix: '0.0.0.0/0' }],
      [there('a', ssh)],
      [],
      [],
      [],
    ],
  ])('finds %s', (_what, wanted, existing, replace, add, remove) => {
    const difference = ruleDifference(wanted, existing);
    expect(ids(difference.replace)).toEqual(replace);
    expect(difference.add).toEqual(add);
    expect(ids(difference.remove)).toEqual(remove);
  });

  it('leaves what else is there when only the missing ones are asked for', () => {
    const existing = [there('a', { ...ssh, description: 'x' }), there('b', any)];
    expect(missingRules([ssh, http], existing)).toEqual([http]);
  });
});
