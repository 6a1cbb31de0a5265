import { Api, UnexpectedAnswer, type Answer, type Credentials } from '../test/support/api.js';

const settleMs = 300_000;
const rootVolumeGib = 1;

/** Runs one step of the walk and tells of it; a step returns what a person wants to read of its result. */
export type Narrator = <T>(what: string, work: () => Promise<T>, tell?: (result: T) => string) => Promise<T>;

/** OpenStack's ids of what the walk asks for. */
export interface Catalogue {
  readonly flavor_id: string;
  readonly image_id: string;
  readonly network_id: string;
  readonly floating_network_id: string;
  readonly volume_type_id: string;
}

/** The main job did not go through; the message says which step and why. */
export class WalkFailed extends Error {}

interface Server {
  readonly id: number;
  readonly status: string;
  readonly fixed_ip_addresses: readonly string[];
  readonly floating_ips: readonly { readonly address: string | null }[];
  readonly network_interfaces: readonly { readonly id: number }[];
  readonly fault: { readonly code: string; readonly message: string } | null;
}

interface FloatingIp {
  readonly id: number;
  readonly address: string | null;
}

/** The smallest of everything that works together. */
export async function readCatalogue(api: Api): Promise<Catalogue> {
  const flavors = await list<{ id: string; ram: number }>(api, 'flavors');
  const images = await list<{ id: string; status: string; min_disk: number }>(api, 'images');
  const networks = await list<{ id: string; name: string; is_external: boolean; subnets: readonly unknown[] }>(
    api,
    'networks',
  );
  const volumeTypes = await list<{ id: string }>(api, 'volume_types');
  const usable = networks.filter(({ is_external, subnets }) => !is_external && subnets.length > 0);
  return {
    flavor_id: first(
      'flavor',
      [...flavors].sort((one, other) => one.ram - other.ram),
    ).id,
    image_id: first(
      'image',
      images
        .filter(({ status, min_disk }) => status.toUpperCase() === 'ACTIVE' && min_disk <= rootVolumeGib)
        .sort((one, other) => one.min_disk - other.min_disk),
    ).id,
    network_id: first('network with a subnet', [...usable].sort(privateFirst)).id,
    floating_network_id: first(
      'external network',
      networks.filter(({ is_external }) => is_external),
    ).id,
    volume_type_id: first('volume type', volumeTypes).id,
  };
}

/**
 * The main job, as a person does it: a server, an address for it, and both away again. Leaves nothing behind, also when a step fails or
 * `signal` ends it.
 *
 * @throws WalkFailed
 */
export async function walk(
  url: string,
  credentials: Credentials,
  catalogue: Catalogue,
  narrate: Narrator,
  signal: AbortSignal | null = null,
): Promise<void> {
  const api = await narrate(`log in as ${credentials.account_id}`, async () => Api.login(url, credentials, signal));
  const cleaner = new Api(url, api.token);
  const name = `walk-${String(Date.now())}`;
  const { created, creation } = await narrate(
    `ask for the server ${name}`,
    async () => create(api, name, catalogue),
    ({ created: { id } }) => `server ${String(id)}, BUILD`,
  );
  let address: FloatingIp | null = null;
  try {
    const server = await narrate(
      'wait until it is ACTIVE',
      async () => untilActive(api, created.id, creation),
      (active) => active.fixed_ip_addresses.join(', '),
    );
    const allocated = await narrate(
      'get a floating IP',
      async () => allocate(api, catalogue),
      (floatingIp) => floatingIp.address ?? '',
    );
    address = allocated;
    await narrate('give it to the server', async () => associate(api, server, allocated), describeServer);
  } finally {
    await narrate('delete the server', async () => remove(cleaner, `/servers/${String(created.id)}`));
    const path = address === null ? null : `/floating-ips/${String(address.id)}`;
    if (path !== null) await narrate('give the floating IP back', async () => remove(cleaner, path));
  }
}

async function create(
  api: Api,
  name: string,
  catalogue: Catalogue,
): Promise<{ readonly created: Server; readonly creation: Answer<Server> }> {
  const creation = await api.post<Server>('/servers', {
    name,
    description: 'made by the walk',
    flavor_id: catalogue.flavor_id,
    network_id: catalogue.network_id,
    root_volume: { size: rootVolumeGib, image_id: catalogue.image_id },
  });
  return { created: expectStatus('POST /servers', creation, 202), creation };
}

async function untilActive(api: Api, id: number, creation: Answer<Server>): Promise<Server> {
  const operation = await api.finished(creation, settleMs);
  const server = expectStatus('GET /servers/{id}', await api.get<Server>(`/servers/${String(id)}`), 200);
  if (operation.state !== 'SUCCEEDED' || server.status !== 'ACTIVE') {
    throw new WalkFailed(
      `the server is ${server.status}: ${server.fault?.message ?? operation.error?.message ?? operation.state}`,
    );
  }
  return server;
}

async function allocate(api: Api, catalogue: Catalogue): Promise<FloatingIp> {
  const answer = await api.post<FloatingIp>('/floating-ips', { floating_network_id: catalogue.floating_network_id });
  const floatingIp = expectStatus('POST /floating-ips', answer, 201, 202);
  if (answer.status === 201) return floatingIp;
  await succeeded(api, answer);
  return expectStatus(
    'GET /floating-ips/{id}',
    await api.get<FloatingIp>(`/floating-ips/${String(floatingIp.id)}`),
    200,
  );
}

async function associate(api: Api, server: Server, floatingIp: FloatingIp): Promise<Server> {
  const port = first('network interface', server.network_interfaces);
  const answer = await api.post(`/network-interfaces/${String(port.id)}/floating-ips/${String(floatingIp.id)}`);
  expectStatus('POST /network-interfaces/{id}/floating-ips/{id}', answer, 204, 202);
  if (answer.status === 202) await succeeded(api, answer);
  const shown = expectStatus('GET /servers/{id}', await api.get<Server>(`/servers/${String(server.id)}`), 200);
  if (shown.floating_ips.length !== 1) throw new WalkFailed('the server does not show its floating IP');
  return shown;
}

async function remove(api: Api, path: string): Promise<void> {
  const answer = await api.delete(path);
  expectStatus(`DELETE ${path}`, answer, 202, 204);
  if (answer.status === 202) await succeeded(api, answer);
  expectStatus(`GET ${path}`, await api.get(path), 404);
}

async function succeeded(api: Api, answer: Answer<unknown>): Promise<void> {
  const operation = await api.finished(answer, settleMs);
  if (operation.state !== 'SUCCEEDED') {
    throw new WalkFailed(
      `${operation.kind} ended ${operation.state}: ${operation.error?.message ?? 'no reason given'}`,
    );
  }
}

/** Where there are several, `private` is the one that a router joins to the outside. */
function privateFirst(one: { readonly name: string }, other: { readonly name: string }): number {
  return Number(other.name === 'private') - Number(one.name === 'private');
}

async function list<T>(api: Api, plural: string): Promise<readonly T[]> {
  const path = `/${plural.replaceAll('_', '-')}`;
  return expectStatus(`GET ${path}`, await api.get<Record<string, readonly T[]>>(path), 200)[plural] ?? [];
}

function expectStatus<T>(what: string, answer: Answer<T>, ...statuses: readonly number[]): T {
  if (!statuses.includes(answer.status)) throw new UnexpectedAnswer(what, answer);
  return answer.body;
}

function first<T>(what: string, things: readonly T[]): T {
  const [thing] = things;
  if (thing === undefined) throw new WalkFailed(`there is no ${what} to be had`);
  return thing;
}

function describeServer(server: Server): string {
  return `${server.fixed_ip_addresses.join(', ')} is reached by ${server.floating_ips.map(({ address }) => address ?? '').join(', ')}`;
}
