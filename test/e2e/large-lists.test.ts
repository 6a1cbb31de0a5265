import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { Plans } from '../support/plans.js';

/** Base64, just below what Nova takes. */
const longestUserData = 'QUJD'.repeat(16_383);

describe('lists that are long in bytes', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp({ settings: { HTTP_TIMEOUT_MS: '10000', LEASE_MS: '30000' } });
    await app.login('demo');
  });

  afterAll(async () => {
    await app.close();
  });

  it('are read to their end: an administrator is shown the user_data of each server', async () => {
    const { simulator } = app;
    const made = simulator.bulk({ servers: 200 });
    for (const { id } of made) {
      const server = simulator.cloud.servers.get(id);
      if (server !== undefined) simulator.cloud.servers.set(id, { ...server, userData: longestUserData });
    }
    const findings = await Plans.of(app, 'server').plan();
    expect(new Set(findings.map(({ type }) => type))).toEqual(new Set(['UNMANAGED']));
    expect(new Set(findings.map(({ openstackId }) => openstackId))).toEqual(new Set(made.map(({ id }) => id)));
    // 13 MB: the page of a thousand is given up, the others are of 250 and then of 62.
    const limits = simulator.log.list({ path: 'servers/detail' }).map(({ query }) => /limit=(\d+)/.exec(query)?.[1]);
    expect(new Set(limits)).toEqual(new Set(['1000', '250', '62']));
  });
});
