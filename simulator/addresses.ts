import type { Subnet } from './model.js';

/** IPv4 addresses of subnets, given out in turn. */
export class Addresses {
  private readonly used = new Map<string, Set<number>>();
  private readonly last = new Map<string, number>();

  /** Null when the pool is used up. */
  take(subnet: Subnet): string | null {
    const [first, end] = [toNumber(subnet.poolStart), toNumber(subnet.poolEnd)];
    const used = this.usedOf(subnet.id);
    if (used.size > end - first) return null;
    let next = this.last.get(subnet.id) ?? first - 1;
    do next = next >= end ? first : next + 1;
    while (used.has(next));
    used.add(next);
    this.last.set(subnet.id, next);
    return toText(next);
  }

  /** False when it is taken. */
  claim(subnet: Subnet, address: string): boolean {
    const used = this.usedOf(subnet.id);
    const wanted = toNumber(address);
    if (used.has(wanted)) return false;
    used.add(wanted);
    return true;
  }

  release(subnetId: string, address: string): void {
    this.used.get(subnetId)?.delete(toNumber(address));
  }

  usedIn(subnetId: string): number {
    return this.used.get(subnetId)?.size ?? 0;
  }

  private usedOf(subnetId: string): Set<number> {
    let used = this.used.get(subnetId);
    if (used === undefined) this.used.set(subnetId, (used = new Set()));
    return used;
  }
}

export function isAddress(text: string): boolean {
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(text) && text.split('.').every((part) => Number(part) <= 255);
}

export function isInside(cidr: string, address: string): boolean {
  const [base = '', bits = '32'] = cidr.split('/');
  if (!isAddress(base) || !isAddress(address)) return false;
  const size = 2 ** (32 - Number(bits));
  return Math.floor(toNumber(base) / size) === Math.floor(toNumber(address) / size);
}

function toNumber(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

function toText(value: number): string {
  return [24, 16, 8, 0].map((bits) => Math.floor(value / 2 ** bits) % 256).join('.');
}
