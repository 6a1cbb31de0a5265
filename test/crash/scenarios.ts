import { Api, type Answer } from '../support/api.js';
import { credentialsOf } from '../support/simulated-cloud.js';
import { serverBody, type Catalogue } from './catalogue.js';
import type { World } from './world.js';

/** What a scenario is played on. */
export interface Stage {
  readonly world: World;
  /** A member's session; asks whichever replica is alive. */
  readonly api: Api;
  readonly catalogue: Catalogue;
  /** Unique among the cases of a world. */
  readonly name: string;
}

type Ask = (api: Api) => Promise<Answer<unknown>>;

/** One kind of operation: what must be there, and the request in whose course a process dies. */
export interface Scenario {
  readonly name: string;
  /** Calls that change OpenStack, when nothing goes wrong. */
  readonly calls: number;
  /** Makes what is needed, and returns the request. */
  prepare(stage: Stage): Promise<Ask>;
}

interface Made {
  readonly id: number;
}

interface Server extends Made {
  readonly network_interfaces: readonly { readonly id: number }[];
}

async function made<T>(api: Api, path: string, body: unknown): Promise<T> {
  const answer = await api.post<Made>(path, body);
  if (answer.status !== 201 && answer.status !== 202)
    throw new Error(`POST ${path}: ${String(answer.status)} ${JSON.stringify(answer.body)}`);
  if (answer.status === 202) await api.finished(answer);
  return (await api.get<T>(`${path}/${String(answer.body.id)}`)).body;
}

async function done(api: Api, answer: Answer<unknown>): Promise<void> {
  if (answer.status >= 300) throw new Error(`preparation: ${String(answer.status)} ${JSON.stringify(answer.body)}`);
  if (answer.status === 202) await api.finished(answer);
}

async function server({ api, world, catalogue, name }: Stage): Promise<Server> {
  const one = await made<Server>(api, '/servers', serverBody(name, catalogue));
  world.promises.created.add(one.id);
  return one;
}

const volumeBody = ({ name, catalogue }: Stage) => ({
  name: `${name}-data`,
  description: null,
  size: 1,
  volume_type_id: catalogue.volumeTypeId,
});
const volume = (stage: Stage): Promise<Made> => made<Made>(stage.api, '/volumes', volumeBody(stage));
const floatingIp = ({ api, catalogue }: Stage): Promise<Made> =>
  made<Made>(api, '/floating-ips', { floating_network_id: catalogue.floatingNetworkId });

const rule = (port: number) => ({
  protocol: 'tcp',
  ether_type: 'IPv4',
  direction: 'ingress',
  port_range_min: port,
  port_range_max: port,
  remote_ip_prefix: '0.0.0.0/0',
});
const groupBody = (name: string, ports: readonly number[]) => ({
  name,
  description: 'a group',
  rules: ports.map(rule),
});
const group = ({ api, name }: Stage): Promise<Made> =>
  made<Made>(api, '/security-groups', groupBody(`${name}-group`, [22, 80]));

const password = 'a long sentence for a test';
/** At most 20 characters, which an account id may have. */
let accounts = 0;
function account(): { account_id: string; password: string; name: string } {
  accounts += 1;
  return { account_id: `u-${process.pid.toString(36)}-${String(accounts)}`, password, name: 'Someone' };
}

/** A person of our own making, in project `demo`, and logged in. */
async function person({ api }: Stage): Promise<{ readonly id: number; readonly api: Api; readonly projectId: number }> {
  const projectId = api.login?.project_id ?? 0;
  const someone = account();
  const answer = await new Api(api.url).post<Made>('/users', someone);
  if (answer.status !== 201) throw new Error(`POST /users: ${String(answer.status)} ${JSON.stringify(answer.body)}`);
  await done(api, await api.post(`/projects/${String(projectId)}/users/${String(answer.body.id)}`));
  const { account_id, password: secret } = someone;
  return { id: answer.body.id, api: await Api.login(api.url, { account_id, password: secret }), projectId };
}

const at = (path: string, ...ids: readonly number[]): string =>
  ids.reduce((filled, id) => filled.replace('#', String(id)), path);

/** Every kind of operation that the API can begin. A change of password is none: nobody keeps one, so nobody else could go on with it. */
export const scenarios: readonly Scenario[] = [
  {
    name: 'server.create',
    calls: 3,
    prepare: ({ world, catalogue, name }: Stage): Promise<Ask> =>
      Promise.resolve(async (api) => {
        const answer = await api.post<Made>('/servers', serverBody(name, catalogue));
        if (answer.status === 202) world.promises.created.add(answer.body.id);
        return answer;
      }),
  },
  {
    name: 'server.delete',
    calls: 3,
    prepare: async (stage: Stage): Promise<Ask> => deletionOf(stage, (await server(stage)).id),
  },
  {
    name: 'server.delete in BUILD',
    calls: 3,
    prepare: async (stage: Stage): Promise<Ask> => {
      const { world, api, catalogue, name } = stage;
      world.simulator.configure({ server_build_ms: 12_000 });
      const answer = await api.post<Made>('/servers', serverBody(name, catalogue));
      world.promises.created.add(answer.body.id);
      await api.until<{ openstack_id: string | null }>(
        at('/servers/#', answer.body.id),
        ({ body }) => body.openstack_id !== null,
      );
      return deletionOf(stage, answer.body.id);
    },
  },
  {
    name: 'server.rename',
    calls: 1,
    prepare: async (stage: Stage): Promise<Ask> => {
      const { id } = await server(stage);
      return (api) => api.put(at('/servers/#/info', id), { name: `${stage.name}-new` });
    },
  },
  {
    name: 'server.stop',
    calls: 1,
    prepare: async (stage: Stage): Promise<Ask> => {
      const { id } = await server(stage);
      return (api) => api.put(at('/servers/#/status?status=SHUTOFF', id));
    },
  },
  {
    name: 'server.start',
    calls: 1,
    prepare: async (stage: Stage): Promise<Ask> => {
      const { id } = await server(stage);
      await done(stage.api, await stage.api.put(at('/servers/#/status?status=SHUTOFF', id)));
      return (api) => api.put(at('/servers/#/status?status=ACTIVE', id));
    },
  },
  {
    name: 'server.reboot',
    calls: 1,
    prepare: async (stage: Stage): Promise<Ask> => {
      const { id } = await server(stage);
      return (api) => api.post(at('/servers/#/actions/reboot?type=hard', id));
    },
  },
  {
    name: 'volume.create',
    calls: 1,
    prepare: (stage: Stage): Promise<Ask> => Promise.resolve((api) => api.post('/volumes', volumeBody(stage))),
  },
  {
    name: 'volume.rename',
    calls: 1,
    prepare: async (stage: Stage): Promise<Ask> => {
      const { id } = await volume(stage);
      return (api) => api.put(at('/volumes/#/info', id), { name: `${stage.name}-new`, description: 'renamed' });
    },
  },
  {
    name: 'volume.extend',
    calls: 1,
    prepare: async (stage: Stage): Promise<Ask> => {
      const { id } = await volume(stage);
      return (api) => api.put(at('/volumes/#/size', id), { size: 3 });
    },
  },
  {
    name: 'volume.delete',
    calls: 1,
    prepare: async (stage: Stage): Promise<Ask> => {
      const { id } = await volume(stage);
      return (api) => api.delete(at('/volumes/#', id));
    },
  },
  {
    name: 'volume.attach',
    calls: 1,
    prepare: async (stage: Stage): Promise<Ask> => {
      const [one, data] = [await server(stage), await volume(stage)];
      return (api) => api.post(at('/servers/#/volumes/#', one.id, data.id));
    },
  },
  {
    name: 'volume.detach',
    calls: 1,
    prepare: async (stage: Stage): Promise<Ask> => {
      const [one, data] = [await server(stage), await volume(stage)];
      const path = at('/servers/#/volumes/#', one.id, data.id);
      await done(stage.api, await stage.api.post(path));
      return (api) => api.delete(path);
    },
  },
  {
    name: 'floating-ip.allocate',
    calls: 1,
    prepare: ({ catalogue }: Stage): Promise<Ask> =>
      Promise.resolve((api) => api.post('/floating-ips', { floating_network_id: catalogue.floatingNetworkId })),
  },
  {
    name: 'floating-ip.release',
    calls: 1,
    prepare: async (stage: Stage): Promise<Ask> => {
      const { id } = await floatingIp(stage);
      return (api) => api.delete(at('/floating-ips/#', id));
    },
  },
  {
    name: 'floating-ip.associate',
    calls: 1,
    prepare: async (stage: Stage): Promise<Ask> => {
      const path = await associationOf(stage);
      return (api) => api.post(path);
    },
  },
  {
    name: 'floating-ip.disassociate',
    calls: 1,
    prepare: async (stage: Stage): Promise<Ask> => {
      const path = await associationOf(stage);
      await done(stage.api, await stage.api.post(path));
      return (api) => api.delete(path);
    },
  },
  {
    name: 'security-group.create',
    calls: 3,
    prepare: ({ name }: Stage): Promise<Ask> =>
      Promise.resolve((api) => api.post('/security-groups', groupBody(`${name}-group`, [22, 80]))),
  },
  {
    name: 'security-group.update',
    calls: 3,
    prepare: async (stage: Stage): Promise<Ask> => {
      const { id } = await group(stage);
      return (api) => api.put(at('/security-groups/#', id), groupBody(`${stage.name}-new`, [80, 443]));
    },
  },
  {
    name: 'security-group.delete',
    calls: 1,
    prepare: async (stage: Stage): Promise<Ask> => {
      const { id } = await group(stage);
      return (api) => api.delete(at('/security-groups/#', id));
    },
  },
  {
    name: 'network-interface.security-groups',
    calls: 1,
    prepare: async (stage: Stage): Promise<Ask> => {
      const [one, other] = [await server(stage), await group(stage)];
      const path = at('/network-interfaces/#/security-groups', one.network_interfaces[0]?.id ?? 0);
      return (api) => api.put(path, { security_group_ids: [other.id] });
    },
  },
  {
    name: 'user.create',
    calls: 1,
    prepare: (): Promise<Ask> => {
      const someone = account();
      return Promise.resolve((api) => new Api(api.url).post('/users', someone));
    },
  },
  {
    name: 'user.delete',
    calls: 1,
    prepare: async (stage: Stage): Promise<Ask> => {
      const { id, api: theirs } = await person(stage);
      return (api) => new Api(api.url, theirs.token).delete(at('/users/#', id));
    },
  },
  {
    name: 'project.rename',
    calls: 1,
    prepare: async ({ world, name }: Stage): Promise<Ask> => {
      const other = await Api.login(world.url(), credentialsOf('other'));
      const path = at('/projects/#', other.login?.project_id ?? 0);
      return (api) => new Api(api.url, other.token).put(path, { name: `p-${name}`.slice(0, 60) });
    },
  },
  {
    name: 'project.add-member',
    calls: 1,
    prepare: async ({ world, api: demo }: Stage): Promise<Ask> => {
      const answer = await new Api(world.url()).post<Made>('/users', account());
      return (api) => api.post(at('/projects/#/users/#', demo.login?.project_id ?? 0, answer.body.id));
    },
  },
  {
    name: 'project.remove-member',
    calls: 1,
    prepare: async (stage: Stage): Promise<Ask> => {
      const { id, projectId } = await person(stage);
      return (api) => api.delete(at('/projects/#/users/#', projectId, id));
    },
  },
];

function deletionOf({ world }: Stage, id: number): Ask {
  return async (api) => {
    const answer = await api.delete(at('/servers/#', id));
    if (answer.status === 202) world.promises.deleted.add(id);
    return answer;
  };
}

async function associationOf(stage: Stage): Promise<string> {
  const [one, address] = [await server(stage), await floatingIp(stage)];
  return at('/network-interfaces/#/floating-ips/#', one.network_interfaces[0]?.id ?? 0, address.id);
}
