import { setTimeout as sleep } from 'node:timers/promises';
import type { RowDataPacket } from 'mysql2/promise';
import type { Database } from '../../scripts/database.js';
import { Api } from '../support/api.js';
import { Stranger } from '../support/stranger.js';
import { testSettings } from '../support/settings.js';
import { markedObjects, objectsOf } from '../support/simulated-objects.js';
import type { CaseResult } from './case-result.js';
import { readCatalogue, serverBody } from './catalogue.js';
import { World } from './world.js';

type Scene = (world: World) => Promise<readonly string[]>;

const leaseMs = Number(testSettings['LEASE_MS']);

/** What happens when processes stop in the middle, and when others work on the same thing. */
export async function pauses(database: Database): Promise<readonly CaseResult[]> {
  console.log('\npauses and takeovers');
  return [
    await scene(database, 'a replica frozen for two leases in a create changes no row afterwards', frozenInCreate),
    await scene(database, 'DELETE at one replica while another holds the create leaves nothing', deletedElsewhere),
    await scene(
      database,
      'a server that Nova finished while everybody was down past the deadline becomes ACTIVE',
      downPastDeadline,
      {
        DEADLINE_SERVER_CREATE_MS: '2000',
        DEADLINE_IMAGE_COPY_MS: '2000',
      },
    ),
    await scene(database, "other people's objects with our names are neither adopted nor deleted", strangers),
    await scene(database, 'a rolling restart by SIGTERM loses no request', rollingRestart),
    ...(database.crash === null
      ? []
      : [
          await scene(database, 'MySQL killed and started again: 503 meanwhile, and everything goes on', (world) =>
            mysqlKilled(world, database),
          ),
        ]),
  ];
}

async function scene(
  database: Database,
  name: string,
  play: Scene,
  settings: Readonly<Record<string, string>> = {},
): Promise<CaseResult> {
  const world = await World.create(database, settings);
  try {
    const own = await play(world);
    const { books } = await world.quiet(25_000);
    const problems = [...own, ...books.problems];
    console.log(`  ${problems.length === 0 ? 'holds' : 'WRONG'}  ${name}`);
    return { name, problems };
  } catch (error) {
    console.log(`  WRONG  ${name}`);
    return { name, problems: [error instanceof Error ? (error.stack ?? error.message) : String(error)] };
  } finally {
    await world.close();
  }
}

async function frozenInCreate(world: World): Promise<readonly string[]> {
  const slow = await world.start();
  const api = await world.login(slow);
  // Neutron answers late: the replica is frozen with the creation of the port on the wire.
  world.simulator.faults.add({ method: 'POST', path: '/ports', delay_ms: 250, times: 1 });
  const answer = await api.post<{ id: number }>('/servers', serverBody('frozen', await readCatalogue(api)));
  world.promises.created.add(answer.body.id);
  await sleep(100);
  slow.freeze();
  const other = await world.start();
  await sleep(2 * leaseMs);
  const done = await new Api(other.url, api.token).finished(answer, 20_000);
  const before = await row(world, answer.body.id);
  slow.thaw();
  await sleep(leaseMs);
  const after = await row(world, answer.body.id);
  const servers = markedObjects(world.simulator, 'server');
  return [
    ...(done.state === 'SUCCEEDED' ? [] : [`the operation ended ${done.state}`]),
    ...(JSON.stringify(before) === JSON.stringify(after) ? [] : ['the thawed replica changed the rows']),
    ...(servers.length === 1 ? [] : [`${String(servers.length)} servers in OpenStack`]),
  ];
}

async function deletedElsewhere(world: World): Promise<readonly string[]> {
  const holder = await world.start();
  const other = await world.start();
  const api = await world.login(holder);
  world.simulator.faults.add({ method: 'POST', path: '/servers$', delay_ms: 300, times: 1 });
  const created = await api.post<{ id: number }>('/servers', serverBody('short-lived', await readCatalogue(api)));
  world.promises.created.add(created.body.id);
  await until(() => world.simulator.faults.list().some(({ hits }) => hits > 0));
  const deleted = await new Api(other.url, api.token).delete(`/servers/${String(created.body.id)}`);
  world.promises.deleted.add(created.body.id);
  const sentBefore = world.simulator.log.list({ method: 'POST', path: 'ports$|volumes$|servers$' }).length;
  const done = await api.finished(deleted, 20_000);
  const sentAfter = world.simulator.log.list({ method: 'POST', path: 'ports$|volumes$|servers$' }).length;
  return [
    ...(done.state === 'SUCCEEDED' ? [] : [`the deletion ended ${done.state}`]),
    ...(sentAfter === sentBefore ? [] : ['the holder went on creating']),
    ...(markedObjects(world.simulator).length > 0 ? ['something is left'] : []),
  ];
}

async function downPastDeadline(world: World): Promise<readonly string[]> {
  world.simulator.configure({ server_build_ms: 1_500 });
  const replica = await world.start();
  const api = await world.login(replica);
  const answer = await api.post<{ id: number }>('/servers', serverBody('patient', await readCatalogue(api)));
  world.promises.created.add(answer.body.id);
  await api.until<{ openstack_id: string | null }>(
    `/servers/${String(answer.body.id)}`,
    ({ body }) => body.openstack_id !== null,
  );
  await replica.kill();
  await sleep(3_000);
  const next = await world.restart(replica);
  const done = await new Api(next.url, api.token).finished(answer, 20_000);
  return done.state === 'SUCCEEDED' ? [] : [`it ended ${done.state}: ${done.error?.message ?? ''}`];
}

async function strangers(world: World): Promise<readonly string[]> {
  const replica = await world.start();
  const api = await world.login(replica);
  const catalogue = await readCatalogue(api);
  const stranger = await Stranger.login(world.simulator.url, 'demo', 'demo');
  const volume = await stranger.createVolume('web-root', { imageId: catalogue.imageId });
  const port = await stranger.createPort('web-nic0', catalogue.networkId);
  const theirs = [volume, port, await stranger.createServer('web', catalogue.flavorId, port, volume)];
  // The first creation of each object loses its answer, so that everything is looked up.
  for (const path of ['/ports$', '/volumes$', '/servers$']) {
    world.simulator.faults.add({ method: 'POST', path, action: 'reset-before', times: 1 });
  }
  const answer = await api.post<{ id: number }>('/servers', serverBody('web', catalogue));
  world.promises.created.add(answer.body.id);
  const done = await api.finished(answer, 20_000);
  const server = await api.get<{ openstack_id: string }>(`/servers/${String(answer.body.id)}`);
  const deleted = await api.delete(`/servers/${String(answer.body.id)}`);
  world.promises.deleted.add(answer.body.id);
  await api.finished(deleted, 20_000);
  await sleep(4_000);
  const left = new Set(objectsOf(world.simulator).map((object) => object.id));
  return [
    ...(done.state === 'SUCCEEDED' ? [] : [`the creation ended ${done.state}: ${done.error?.message ?? ''}`]),
    ...(theirs.includes(server.body.openstack_id) ? ['the stranger’s server was adopted'] : []),
    ...theirs.filter((id) => !left.has(id)).map((id) => `the stranger's ${id} was deleted`),
  ];
}

async function rollingRestart(world: World): Promise<readonly string[]> {
  const first = await world.start();
  await world.start();
  await world.start();
  const api = await world.login(first);
  const catalogue = await readCatalogue(api);
  const failed: string[] = [];
  let running = true;
  let counter = 0;
  // As behind a load balancer: only replicas that say they are ready are asked, and a closed idle connection is retried once.
  const client = async (): Promise<void> => {
    while (running) {
      const ready = await readyReplica(world);
      if (ready === null) continue;
      counter += 1;
      const body = serverBody(`r-${String(counter)}`, catalogue);
      try {
        const answer = await new Api(ready, api.token).post<{ id: number }>('/servers', body);
        if (answer.status === 202) world.promises.created.add(answer.body.id);
        else failed.push(`POST /servers: ${String(answer.status)} ${JSON.stringify(answer.body)}`);
      } catch (error) {
        failed.push(`POST /servers: ${String(error)} ${String(error instanceof Error ? error.cause : '')}`);
      }
      await sleep(50);
    }
  };
  const clients = [client(), client()];
  for (const replica of [...world.replicas]) {
    await sleep(500);
    await replica.terminate();
    await world.restart(replica);
  }
  running = false;
  await Promise.all(clients);
  return failed.slice(0, 5);
}

async function readyReplica(world: World): Promise<string | null> {
  for (const replica of world.replicas) {
    const answer = await fetch(`${replica.url}/health/ready`, { signal: AbortSignal.timeout(1_000) }).catch(() => null);
    await answer?.arrayBuffer();
    if (answer?.ok === true) return replica.url;
  }
  await sleep(20);
  return null;
}

async function mysqlKilled(world: World, database: Database): Promise<readonly string[]> {
  const { crash } = database;
  if (crash === null) return [];
  const replica = await world.start();
  const api = await world.login(replica);
  const catalogue = await readCatalogue(api);
  world.simulator.configure({ server_build_ms: 2_000 });
  const answer = await api.post<{ id: number }>('/servers', serverBody('survivor', catalogue));
  world.promises.created.add(answer.body.id);
  await sleep(200);
  await crash.kill();
  const during = await api.get('/servers');
  const live = await api.get('/health/live');
  const ready = await api.get('/health/ready');
  await sleep(500);
  await crash.start();
  await world.reconnect();
  const done = await api.finished(answer, 30_000).catch(async () => {
    await sleep(1_000);
    return api.finished(answer, 30_000);
  });
  return [
    ...(during.status === 503 ? [] : [`a read while MySQL was down answered ${String(during.status)}`]),
    ...(live.status === 200 ? [] : [`liveness was ${String(live.status)}`]),
    ...(ready.status === 503 ? [] : [`readiness was ${String(ready.status)}`]),
    ...(replica.hasEnded ? ['the process ended'] : []),
    ...(done.state === 'SUCCEEDED' ? [] : [`the creation ended ${done.state}`]),
  ];
}

async function row(world: World, serverId: number): Promise<unknown> {
  const [rows] = await world.connection.query<RowDataPacket[]>(
    'SELECT s.status, s.openstack_id, s.observed_at, o.state, o.lease_token, o.finished_at FROM server s JOIN operation o ON o.server_id = s.id WHERE s.id = ?',
    [serverId],
  );
  return rows;
}

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    if (holds()) return;
    await sleep(10);
  }
  throw new Error('waited in vain');
}
