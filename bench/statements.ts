import { ApiProcess } from '../scripts/api-process.js';
import { freePort } from '../scripts/port.js';
import { ListCosts, listRequests, withoutLoops, type ListCost } from '../test/support/list-costs.js';
import type { BenchRow } from './measure.js';
import { login, openSite, productionSettings } from './site.js';

const mostStatements = 4;

/** SQL statements of each list, in each of its orders, with 10 and with 10,000 rows; the session's check is among them. */
export async function benchStatements(): Promise<readonly BenchRow[]> {
  const site = await openSite();
  const settings = { ...productionSettings(site.simulator, site.schema), ...withoutLoops };
  const api = await ApiProcess.start({ port: await freePort(), settings });
  try {
    await login(api.url);
    const costs = await ListCosts.open(api.url, site.schema);
    await costs.fill(10);
    const few = await measureAll(costs);
    await costs.fill(10_000);
    const many = await measureAll(costs);
    await costs.close();
    return listRequests.map(({ asker, path }, index) => rowOf(`${asker}: GET ${path}`, few[index], many[index]));
  } finally {
    await api.kill();
    await site.close();
  }
}

async function measureAll(costs: ListCosts): Promise<readonly ListCost[]> {
  const measured: ListCost[] = [];
  for (const request of listRequests) measured.push(await costs.measure(request));
  return measured;
}

function rowOf(name: string, few: ListCost | undefined, many: ListCost | undefined): BenchRow {
  const [before, after] = [few?.statements ?? 0, many?.statements ?? 0];
  const scans = many?.scans ?? [];
  const ratio = after / before;
  return {
    name,
    ours: `${String(after)} with 10,000 rows${scans.length === 0 ? '' : `, all of ${scans.join(', ')}`}`,
    reference: `${String(before)} with 10`,
    ratio: { median: ratio, least: ratio, most: ratio },
    goal: `the same, <= ${String(mostStatements)}, no scan`,
    met: before === after && after <= mostStatements && scans.length === 0,
  };
}
