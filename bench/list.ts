import type { BenchRow } from './measure.js';
import { benchRead } from './read.js';

/** GET /servers?limit=100: each server with a port, an address and two volumes. */
export async function benchList(): Promise<readonly BenchRow[]> {
  return benchRead({ name: 'list', pathOf: () => '/servers?limit=100', leastRate: 0.7, mostTail: 1.5 });
}
