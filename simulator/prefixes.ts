import { isIPv4, isIPv6 } from 'node:net';

/** A prefix as Neutron reads it. */
export interface Prefix {
  readonly etherType: 'IPv4' | 'IPv6';
  /** As Neutron keeps it: with its host bits, and with a length: `10.0.0.5` is `10.0.0.5/32`. */
  readonly text: string;
  /** The network that it means, host bits cleared. */
  readonly network: string;
}

/** Null: not a prefix. */
export function readPrefix(given: string): Prefix | null {
  const [address = '', length, ...others] = given.split('/');
  const family = isIPv4(address) ? 4 : isIPv6(address) && !address.includes('%') ? 6 : null;
  if (family === null || others.length > 0) return null;
  const bits = family === 4 ? 32 : 128;
  if (length !== undefined && !(/^\d{1,3}$/.test(length) && Number(length) <= bits)) return null;
  const kept = length === undefined ? bits : Number(length);
  const value = valueOf(address);
  const hostBits = BigInt(bits - kept);
  const write = (number: bigint): string => `${family === 4 ? dotted(number) : grouped(number)}/${String(kept)}`;
  return {
    etherType: family === 4 ? 'IPv4' : 'IPv6',
    text: write(value),
    network: write((value >> hostBits) << hostBits),
  };
}

function valueOf(address: string): bigint {
  if (!address.includes(':')) {
    return address.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n);
  }
  const tail = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(address);
  const hexadecimal = tail === null ? address : `${tail[1] ?? ''}${dottedAsGroups(tail[2] ?? '')}`;
  const [head = '', rest] = hexadecimal.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = rest === undefined || rest === '' ? [] : rest.split(':');
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return [...before, ...zeros, ...after].reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n);
}

function dottedAsGroups(address: string): string {
  const value = valueOf(address);
  return `${(value >> 16n).toString(16)}:${(value & 65_535n).toString(16)}`;
}

function dotted(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((bits) => String((value >> bits) & 255n)).join('.');
}

/** The longest row of zeros, if it is more than one, is `::`. */
function grouped(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) => ((value >> BigInt(16 * (7 - index))) & 65_535n).toString(16));
  let [start, length] = [0, 1];
  for (let index = 0; index < groups.length; index += 1) {
    let end = index;
    while (groups[end] === '0') end += 1;
    if (end - index > length) [start, length] = [index, end - index];
  }
  if (length === 1) return groups.join(':');
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`;
}
