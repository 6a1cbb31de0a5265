import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LoggedRequest } from '../../simulator/request-log.js';
import { startApp, type TestApp } from '../support/app.js';
import { VolumeRequests } from '../support/volumes.js';

const firstMs = 250;

describe('waiting for what OpenStack makes', () => {
  let app: TestApp;
  let volumes: VolumeRequests;

  beforeAll(async () => {
    app = await startApp({ settings: { POLL_FIRST_MS: String(firstMs), POLL_MAX_MS: '2000' } });
    // Not by itself: a volume is ready when the test says so.
    app.simulator.configure({ volume_create_ms: 60_000 });
    volumes = new VolumeRequests(await app.login('demo'));
  });

  afterAll(async () => {
    await app.close();
  });

  /** Makes a volume that is ready after so many looks at it. Returns its creation and the looks, as Cinder saw them. */
  async function made(name: string, looksBefore: number): Promise<readonly [LoggedRequest, ...LoggedRequest[]]> {
    const answer = await volumes.post(name);
    let openstackId: string | null = null;
    while (openstackId === null) {
      await sleep(20);
      openstackId = (await volumes.get(answer.body.id)).openstack_id;
    }
    const id = openstackId;
    const looks = (): readonly LoggedRequest[] => app.simulator.log.list({ method: 'GET', path: `/volumes/${id}$` });
    while (looks().length < looksBefore) await sleep(20);
    app.simulator.outside.setStatus(id, 'available');
    expect(await volumes.api.finished(answer)).toMatchObject({ state: 'SUCCEEDED' });
    const creation = app.simulator.log.list({ method: 'POST' }).find(({ created }) => created === id);
    if (creation === undefined) throw new Error('nobody asked Cinder for it');
    return [creation, ...looks()];
  }

  it('looks first at what is made when the one before it took so long', async () => {
    expect((await made('first', 3)).length).toBeGreaterThan(4);
    const [creation, look] = await made('second', 0);
    const waitedMs = new Date(look?.at ?? 0).getTime() - new Date(creation.at).getTime();
    expect(waitedMs).toBeGreaterThanOrEqual(2 * firstMs);
  });
});
