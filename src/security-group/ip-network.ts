import { isIPv4, isIPv6 } from 'node:net';

export interface IpNetwork {
  readonly etherType: 'IPv4' | 'IPv6';
  /** In one writing: host bits cleared, always with its length, IPv6 small and short: `10.0.0.5/24` is `10.0.0.0/24`. */
  readonly text: string;
  readonly prefixLength: number;
}

/** The network that a prefix or a single address means; null for what is neither. */
export function readIpNetwork(text: string): IpNetwork | null {
  const [address = '', length, ...others] = text.split('/');
  const etherType = isIPv4(address) ? 'IPv4' : isIPv6(address) && !address.includes('%') ? 'IPv6' : null;
  if (etherType === null || others.length > 0) return null;
  const bits = etherType === 'IPv4' ? 32 : 128;
  if (length !== undefined && !/^(0|[1-9]\d{0,2})$/.test(length)) return null;
  const prefixLength = length === undefined ? bits : Number(length);
  if (prefixLength > bits) return null;
  const hostBits = BigInt(bits - prefixLength);
  const network = (etherType === 'IPv4' ? valueOfFour(address) : valueOfSix(address)) >> hostBits;
  const written = etherType === 'IPv4' ? writeFour(network << hostBits) : writeSix(network << hostBits);
  return { etherType, text: `${written}/${String(prefixLength)}`, prefixLength };
}

function valueOfFour(address: string): bigint {
  return address.split('.').reduce((value, part) => value * 256n + BigInt(part), 0n);
}

function valueOfSix(address: string): bigint {
  const [head = '', tail] = withoutDots(address).split('::');
  const before = groupsOf(head);
  const after = groupsOf(tail ?? '');
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return [...before, ...zeros, ...after].reduce((value, group) => value * 65_536n + BigInt(`0x${group}`), 0n);
}

function groupsOf(text: string): readonly string[] {
  return text === '' ? [] : text.split(':');
}

/** An IPv6 address may end like one of IPv4: `::ffff:10.0.0.1`. */
function withoutDots(address: string): string {
  const end = address.lastIndexOf(':') + 1;
  if (!address.includes('.')) return address;
  const value = valueOfFour(address.slice(end));
  return `${address.slice(0, end)}${(value >> 16n).toString(16)}:${(value & 65_535n).toString(16)}`;
}

function writeFour(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join('.');
}

/** RFC 5952: the first of the longest rows of zeros is `::`, unless it is a single one. */
function writeSix(value: bigint): string {
  const text = Array.from({ length: 8 }, (_, index) => ((value >> BigInt(16 * (7 - index))) & 65_535n).toString(16));
  const rows = [...text.join(':').matchAll(/(?<![^:])0(?::0)+(?![^:])/g)];
  const longest = rows.reduce((best, [row]) => (row.length > best.length ? row : best), '');
  const full = text.join(':');
  if (longest === '') return full;
  const start = rows.find(([row]) => row === longest)?.index ?? 0;
  const [before, after] = [full.slice(0, start), full.slice(start + longest.length)];
  return `${before.replace(/:$/, '')}::${after.replace(/^:/, '')}`;
}
