import { mkdir, writeFile } from 'node:fs/promises';
import { benchAccept } from './accept.js';
import { benchBoot } from './boot.js';
import { benchBurst } from './burst.js';
import { benchCreate } from './create.js';
import { benchGet } from './get.js';
import { benchIdle } from './idle.js';
import { benchList } from './list.js';
import type { BenchRow } from './measure.js';
import { benchStatements } from './statements.js';
import { benchSweep, benchSweepGrowth } from './sweep.js';

const benches: Readonly<Record<string, () => Promise<readonly BenchRow[]>>> = {
  create: benchCreate,
  list: benchList,
  get: benchGet,
  boot: benchBoot,
  statements: benchStatements,
  accept: benchAccept,
  burst: benchBurst,
  idle: benchIdle,
  sweep: benchSweep,
  'sweep-growth': benchSweepGrowth,
};

/** `run.js [NAME …]`: the named benchmarks, or all; prints one table and writes it to `.cache/bench.json`. */
const names = process.argv.slice(2);
const unknown = names.find((name) => benches[name] === undefined);
if (unknown !== undefined) {
  console.error(`There is no benchmark ${unknown}; there are ${Object.keys(benches).join(', ')}`);
  process.exit(2);
}
const rows: BenchRow[] = [];
for (const name of names.length === 0 ? Object.keys(benches) : names) rows.push(...((await benches[name]?.()) ?? []));
console.table(
  rows.map(({ name, ours, reference, ratio, goal, met }) => ({
    name,
    ours,
    reference,
    ratio: `${ratio.median.toFixed(2)} (${ratio.least.toFixed(2)}…${ratio.most.toFixed(2)})`,
    goal,
    verdict: met ? 'met' : 'MISSED',
  })),
);
await mkdir('.cache', { recursive: true });
await writeFile('.cache/bench.json', JSON.stringify(rows, null, 2));
