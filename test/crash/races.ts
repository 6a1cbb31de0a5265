import { randomUUID } from 'node:crypto';
import type { RowDataPacket } from 'mysql2/promise';
import type { Database } from '../../scripts/database.js';
import { Api, type Answer } from '../support/api.js';
import { credentialsOf } from '../support/simulated-cloud.js';
import { readCatalogue, serverBody, type Catalogue } from './catalogue.js';
import type { CaseResult } from './case-result.js';
import { World } from './world.js';

export interface RacesOptions {
  readonly rounds: number;
  readonly replicas: number;
  readonly parallel: number;
  /** Races whose name has it. */
  readonly only: string;
}

interface Course {
  readonly world: World;
  readonly demo: Api;
  /** An admin in project `other`. */
  readonly admin: Api;
  readonly catalogue: Catalogue;
}

/** One round: what each of the runners asks, and what is put back afterwards. */
interface Round {
  ask(api: Api, runner: number): Promise<Answer<unknown>>;
  clear(winner: Answer<unknown>): Promise<void>;
  /**
   * Where who comes after the winner's end may win too: how many of the operations that won ran while another did. Without it
   * one alone may win.
   */
  overlaps?(): Promise<number>;
}

interface Race {
  readonly name: string;
  /** Calls that change OpenStack and that the winner needs; the losers make none. */
  readonly calls: number;
  begin(course: Course): Promise<Round>;
}

interface Made {
  readonly id: number;
}

const id = (answer: Answer<unknown>): number => (answer.body as Made).id;

async function settled(api: Api, answer: Answer<unknown>): Promise<void> {
  if (answer.status === 202) await api.finished(answer);
}

async function gone(api: Api, path: string): Promise<void> {
  await settled(api, await api.delete(path));
}

async function server({ demo, catalogue }: Course): Promise<{ id: number; network_interfaces: { id: number }[] }> {
  const answer = await demo.post<Made>('/servers', serverBody(`race-${randomUUID()}`, catalogue));
  await demo.finished(answer);
  return (await demo.get<{ id: number; network_interfaces: { id: number }[] }>(`/servers/${String(id(answer))}`)).body;
}

async function person(course: Course): Promise<number> {
  const account = `r${randomUUID().slice(0, 12)}`;
  const body = { account_id: account, password: 'a long sentence for a race', name: 'Runner' };
  const answer = await new Api(course.world.url()).post<Made>('/users', body);
  if (answer.status !== 201) throw new Error(`POST /users: ${String(answer.status)} ${JSON.stringify(answer.body)}`);
  return answer.body.id;
}

/** A creation under a name that only one can have. */
function nameRace(name: string, path: string, calls: number, body: (name: string, course: Course) => unknown): Race {
  return {
    name,
    calls,
    begin: (course: Course): Promise<Round> => {
      const wanted = body(`race-${randomUUID()}`, course);
      return Promise.resolve({
        ask: (api) => api.post(path, wanted),
        clear: async (winner) => {
          await settled(course.demo, winner);
          await gone(course.demo, `${path}/${String(id(winner))}`);
        },
      });
    },
  };
}

const races: readonly Race[] = [
  nameRace('one name, a server', '/servers', 3, (name, { catalogue }) => serverBody(name, catalogue)),
  nameRace('one name, a volume', '/volumes', 1, (name, { catalogue }) => ({
    name,
    description: null,
    size: 1,
    volume_type_id: catalogue.volumeTypeId,
  })),
  nameRace('one name, a security group', '/security-groups', 1, (name) => ({ name, description: null, rules: [] })),
  {
    name: 'one account id',
    calls: 1,
    begin: (): Promise<Round> => {
      const account = `r${randomUUID().slice(0, 12)}`;
      const body = { account_id: account, password: 'a long sentence for a race', name: 'Runner' };
      return Promise.resolve({
        ask: (api) => new Api(api.url).post('/users', body),
        clear: () => Promise.resolve(),
      });
    },
  },
  {
    name: 'one membership',
    calls: 1,
    begin: async (course: Course): Promise<Round> => {
      const path = `/projects/${String(course.demo.login?.project_id)}/users/${String(await person(course))}`;
      return { ask: (api) => api.post(path), clear: () => gone(course.demo, path) };
    },
  },
  {
    name: 'the last member of a project stays',
    calls: 1,
    begin: async ({ world, admin }: Course): Promise<Round> => {
      const projectId = String(admin.login?.project_id);
      const other = await Api.login(world.url(), credentialsOf('other'));
      const mate = await Api.login(world.url(), credentialsOf('mate'));
      const pathOf = (userId: number | undefined) => `/projects/${projectId}/users/${String(userId)}`;
      const paths = [pathOf(other.login?.user.id), pathOf(mate.login?.user.id)];
      for (const path of paths) await settled(admin, await admin.post(path));
      return {
        ask: (api, runner) => new Api(api.url, admin.token).delete(paths[runner % 2] ?? ''),
        clear: async () => {
          for (const path of paths) await settled(admin, await admin.post(path));
        },
      };
    },
  },
  {
    name: 'one floating IP an interface',
    calls: 1,
    begin: async (course: Course): Promise<Round> => {
      const { demo, catalogue } = course;
      const one = await server(course);
      const nic = `/network-interfaces/${String(one.network_interfaces[0]?.id)}`;
      const addresses: number[] = [];
      for (let index = 0; index < 5; index += 1) {
        const answer = await demo.post<Made>('/floating-ips', { floating_network_id: catalogue.floatingNetworkId });
        await settled(demo, answer);
        addresses.push(id(answer));
      }
      return {
        ask: (api, runner) => api.post(`${nic}/floating-ips/${String(addresses[runner % addresses.length])}`),
        clear: async (winner) => {
          await settled(demo, winner);
          await gone(demo, `/servers/${String(one.id)}`);
          for (const address of addresses) await gone(demo, `/floating-ips/${String(address)}`);
        },
      };
    },
  },
  {
    name: 'one operation a lock: reboots of one server',
    calls: 1,
    begin: async (course: Course): Promise<Round> => {
      const { demo } = course;
      const one = await server(course);
      return {
        ask: (api) => api.post(`/servers/${String(one.id)}/actions/reboot?type=hard`),
        overlaps: () => overlapsOf(course.world, one.id),
        clear: async (winner) => {
          await settled(demo, winner);
          await gone(demo, `/servers/${String(one.id)}`);
        },
      };
    },
  },
  {
    name: 'one server a volume',
    calls: 1,
    begin: async (course: Course): Promise<Round> => {
      const { demo, catalogue } = course;
      const servers = [await server(course), await server(course)];
      const volume = await demo.post<Made>('/volumes', {
        name: `race-${randomUUID()}`,
        description: null,
        size: 1,
        volume_type_id: catalogue.volumeTypeId,
      });
      await demo.finished(volume);
      return {
        ask: (api, runner) =>
          api.post(`/servers/${String(servers[runner % servers.length]?.id)}/volumes/${String(id(volume))}`),
        clear: async (winner) => {
          await settled(demo, winner);
          for (const one of servers) await gone(demo, `/servers/${String(one.id)}`);
          await gone(demo, `/volumes/${String(id(volume))}`);
        },
      };
    },
  },
];

/** Operations of a server that were begun before one begun earlier had ended. */
async function overlapsOf({ connection }: World, serverId: number): Promise<number> {
  const [rows] = await connection.query<RowDataPacket[]>(
    `SELECT COUNT(*) AS overlaps FROM operation later JOIN operation earlier
         ON earlier.resource_type = later.resource_type AND earlier.resource_id = later.resource_id AND earlier.id < later.id
      WHERE later.resource_type = 'server' AND later.resource_id = ?
        AND (earlier.finished_at IS NULL OR earlier.finished_at > later.created_at)`,
    [serverId],
  );
  return Number(rows[0]?.['overlaps']);
}

/** Many ask for what only one can have, over several replicas, round after round. */
export async function racesAmong(database: Database, options: RacesOptions): Promise<readonly CaseResult[]> {
  const { rounds, replicas, parallel, only } = options;
  console.log(`\nraces: ${String(rounds)} rounds of ${String(parallel)} over ${String(replicas)} replicas`);
  const world = await World.create(database, { SIGN_UPS_PER_HOUR: '10000' });
  try {
    for (let index = 0; index < replicas; index += 1) await world.start();
    const [first] = world.replicas;
    if (first === undefined) throw new Error('no replica runs');
    const demo = await world.login(first);
    const other = await Api.login(world.url(), credentialsOf('other'));
    const admin = await Api.login(world.url(), {
      ...credentialsOf('admin'),
      project_id: other.login?.project_id ?? 0,
    });
    const course = { world, demo, admin, catalogue: await readCatalogue(demo) };
    const results: CaseResult[] = [];
    for (const race of races.filter(({ name }) => name.includes(only))) {
      const problems: string[] = [];
      const startedAt = performance.now();
      for (let round = 0; round < rounds && problems.length < 5; round += 1) {
        problems.push(...(await run(race, course, parallel)).map((problem) => `round ${String(round)}: ${problem}`));
      }
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
      console.log(`  ${problems.length === 0 ? 'one winner' : 'WRONG     '}  ${race.name} (${seconds} s)`);
      results.push({ name: `race: ${race.name}`, problems });
    }
    const { books } = await world.quiet(30_000);
    results.push({ name: 'the books balance after the races', problems: books.problems });
    return results;
  } finally {
    await world.close();
  }
}

async function run(race: Race, course: Course, parallel: number): Promise<readonly string[]> {
  const { world, demo } = course;
  const round = await race.begin(course);
  const before = world.simulator.log.list().at(-1)?.id ?? 0;
  const runners = Array.from({ length: parallel }, (_, runner) => {
    const replica = world.replicas[runner % world.replicas.length];
    return round.ask(new Api(replica?.url ?? '', demo.token), runner);
  });
  const answers = await Promise.all(runners);
  const winners = answers.filter(({ status }) => status < 300);
  const [winner] = winners;
  for (const one of winners) await settled(demo, one);
  const changes = world.simulator.log
    .list({ after: before })
    .filter(({ method, path }) => method !== 'GET' && method !== 'HEAD' && !path.includes('/auth/tokens'));
  const overlaps = await round.overlaps?.();
  const hasOneWinner = overlaps === undefined ? winners.length === 1 : winners.length >= 1 && overlaps === 0;
  const calls = race.calls * Math.max(1, winners.length);
  const strange = answers.filter(({ status }) => status >= 300 && ![403, 404, 409].includes(status));
  if (winner !== undefined) await round.clear(winner);
  return [
    ...(hasOneWinner ? [] : [`${String(winners.length)} winners`]),
    ...(changes.length === calls ? [] : [`${String(changes.length)} changing calls to OpenStack`]),
    ...strange.slice(0, 3).map(({ status, body }) => `a loser got ${String(status)} ${JSON.stringify(body)}`),
  ];
}
