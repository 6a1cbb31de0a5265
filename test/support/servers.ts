import type { Answer, Api } from './api.js';

/** A server as the API shows it; what tests look at. */
export interface ServerBody {
  readonly id: number;
  readonly openstack_id: string | null;
  readonly name: string;
  readonly description: string | null;
  readonly protected: boolean;
  readonly status: string;
  readonly fault: { readonly code: string; readonly message: string } | null;
  readonly operation: { readonly id: number; readonly kind: string; readonly state: string } | null;
  readonly fixed_ip_addresses: readonly string[];
  readonly floating_ips: readonly { readonly id: number; readonly address: string | null }[];
  readonly volumes: readonly {
    readonly id: number;
    readonly name: string;
    readonly size: number;
    readonly is_root_volume: boolean;
  }[];
  readonly security_groups: readonly { readonly id: number; readonly name: string }[];
  readonly network_interfaces: readonly {
    readonly id: number;
    readonly openstack_id: string | null;
    readonly fixed_ip_address: string | null;
  }[];
}

export interface ProblemBody {
  readonly code: string;
  readonly status: number;
  readonly detail: string;
  readonly message: string;
  readonly request_id: string;
  readonly operation_id?: number;
  readonly errors?: readonly {
    readonly field: string;
    readonly in: string;
    readonly message: string;
    readonly type: string;
  }[];
  readonly blocked_by?: readonly { readonly type: string; readonly id: number; readonly name: string | null }[];
}

interface Named {
  readonly id: string;
  readonly name: string;
}

/** Requests for servers, made of the catalogue's ordinary choices unless a test names others. */
export class ServerRequests {
  private constructor(
    readonly api: Api,
    readonly flavorId: string,
    readonly imageId: string,
    readonly networkId: string,
  ) {}

  /** On the network `private` unless another one is named, by its id. */
  static async of(api: Api, networkId?: string): Promise<ServerRequests> {
    const flavors = await api.until<{ flavors: Named[] }>('/flavors', ({ status }) => status === 200);
    const images = await api.until<{ images: Named[] }>('/images', ({ status }) => status === 200);
    const networks = await api.until<{ networks: Named[] }>('/networks', ({ status }) => status === 200);
    return new ServerRequests(
      api,
      idOf(flavors.body.flavors, 'm1.tiny'),
      idOf(images.body.images, 'lab-tiny'),
      networkId ?? idOf(networks.body.networks, 'private'),
    );
  }

  body(name: string, changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
    return {
      name,
      flavor_id: this.flavorId,
      network_id: this.networkId,
      root_volume: { size: 1, image_id: this.imageId },
      ...changes,
    };
  }

  async post(name: string, changes: Readonly<Record<string, unknown>> = {}): Promise<Answer<ServerBody>> {
    return this.api.post<ServerBody>('/servers', this.body(name, changes));
  }

  async get(id: number): Promise<ServerBody> {
    return (await this.api.get<ServerBody>(`/servers/${String(id)}`)).body;
  }

  async rename<T = ServerBody>(id: number, body: Readonly<Record<string, unknown>>): Promise<Answer<T>> {
    return this.api.put<T>(`/servers/${String(id)}/info`, body);
  }

  /** `status` goes into the query as it is. */
  async setStatus<T = ServerBody>(id: number, status: string): Promise<Answer<T>> {
    return this.api.put<T>(`/servers/${String(id)}/status?status=${status}`);
  }

  async reboot<T = ServerBody>(id: number, type?: string): Promise<Answer<T>> {
    return this.api.post<T>(`/servers/${String(id)}/actions/reboot${type === undefined ? '' : `?type=${type}`}`);
  }

  /** A server whose creation has ended, however. */
  async create(name: string, changes: Readonly<Record<string, unknown>> = {}): Promise<ServerBody> {
    const answer = await this.post(name, changes);
    if (answer.status !== 202)
      throw new Error(`POST /servers: ${String(answer.status)} ${JSON.stringify(answer.body)}`);
    await this.api.finished(answer);
    return this.get(answer.body.id);
  }
}

function idOf(things: readonly Named[], name: string): string {
  const thing = things.find((candidate) => candidate.name === name);
  if (thing === undefined) throw new Error(`the catalogue has no ${name}`);
  return thing.id;
}
