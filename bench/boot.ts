import { spawn, type ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../scripts/port.js';
import { spread, type BenchRow } from './measure.js';
import { openSite, productionSettings } from './site.js';

const rounds = 5;
const mostMib = 200;

/** Start until /health/ready, and resident memory after, against the framework with the same modules and no features. */
export async function benchBoot(): Promise<readonly BenchRow[]> {
  const site = await openSite();
  const settings = productionSettings(site.simulator, site.schema);
  try {
    await boot('dist/src/main.js', settings);
    const ratios: number[] = [];
    const memory: number[] = [];
    let last = { ours: '', reference: '' };
    for (let round = 0; round < rounds; round += 1) {
      const ours = await boot('dist/src/main.js', settings);
      const theirs = await boot('dist/bench/skeleton.js', settings);
      ratios.push(ours.readyMs / theirs.readyMs);
      memory.push(ours.residentMib);
      last = { ours: figures(ours), reference: figures(theirs) };
    }
    const ratio = spread(ratios);
    const resident = spread(memory);
    return [
      { name: 'boot until ready', ...last, ratio, goal: '<= 1.5', met: ratio.median <= 1.5 },
      {
        name: 'boot resident MiB',
        ...last,
        ratio: resident,
        goal: `<= ${String(mostMib)} MiB`,
        met: resident.median <= mostMib,
      },
    ];
  } finally {
    await site.close();
  }
}

interface Boot {
  readonly readyMs: number;
  readonly residentMib: number;
}

function figures({ readyMs, residentMib }: Boot): string {
  return `${(readyMs / 1000).toFixed(2)} s, ${residentMib.toFixed(0)} MiB`;
}

async function boot(script: string, settings: Readonly<Record<string, string>>): Promise<Boot> {
  const port = await freePort();
  const { PATH, HOME } = process.env;
  const startedAt = performance.now();
  const child = spawn(process.execPath, [script], {
    env: { PATH, HOME, ...settings, HOST: '127.0.0.1', PORT: String(port) },
    stdio: 'ignore',
  });
  try {
    await untilReady(child, port);
    const readyMs = performance.now() - startedAt;
    await sleep(1_000);
    return { readyMs, residentMib: await residentMib(child.pid ?? 0) };
  } finally {
    child.kill('SIGKILL');
  }
}

async function untilReady(child: ChildProcess, port: number): Promise<void> {
  for (let tries = 0; tries < 1_500 && child.exitCode === null; tries += 1) {
    const answer = await fetch(`http://127.0.0.1:${String(port)}/health/ready`).catch(() => null);
    await answer?.arrayBuffer();
    if (answer?.ok === true) return;
    await sleep(20);
  }
  throw new Error('it did not become ready');
}

async function residentMib(pid: number): Promise<number> {
  const status = await readFile(`/proc/${String(pid)}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? '0') / 1024;
}
