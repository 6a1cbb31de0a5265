import type { BenchRow } from './measure.js';
import { benchRead } from './read.js';

/** GET /servers/{id}. */
export async function benchGet(): Promise<readonly BenchRow[]> {
  return benchRead({ name: 'get', pathOf: (id) => `/servers/${String(id)}`, leastRate: 0.6, mostTail: null });
}
