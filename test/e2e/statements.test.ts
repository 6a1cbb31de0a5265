import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { ListCosts, listRequests, withoutLoops, type ListCost } from '../support/list-costs.js';

type Costs = Readonly<Record<string, ListCost>>;

/** Asked for are the first page and the one after it, in the order of each column, as a member and as an admin. */
describe('what a list costs in MySQL', () => {
  let app: TestApp;
  let costs: ListCosts;
  let few: Costs;
  let many: Costs;

  beforeAll(async () => {
    app = await startApp({ settings: withoutLoops });
    costs = await ListCosts.open(app.url, app.schema);
    await costs.fill(10);
    few = await measureAll();
    await costs.fill(10_000);
    many = await measureAll();
  }, 240_000);

  afterAll(async () => {
    await costs.close();
    await app.close();
  });

  async function measureAll(): Promise<Costs> {
    const measured: Record<string, ListCost> = {};
    for (const request of listRequests) measured[`${request.asker}: ${request.path}`] = await costs.measure(request);
    return measured;
  }

  const each = <T>(measured: Costs, part: (cost: ListCost) => T): Readonly<Record<string, T>> =>
    Object.fromEntries(Object.entries(measured).map(([name, cost]) => [name, part(cost)]));

  it('is as many statements for 10,000 rows as for 10, and at most 4 with the check of the session', () => {
    const statements = each(many, (cost) => cost.statements);
    expect(statements).toEqual(each(few, (cost) => cost.statements));
    const counts = Object.values(statements);
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(2);
    expect(Math.max(...counts)).toBeLessThanOrEqual(4);
  });

  it('never is a table or an index read as a whole', () => {
    expect(each(many, (cost) => cost.scans)).toEqual(each(many, () => []));
  });
});
