import { seed } from '../../simulator/seed.js';
import type { Answer, Api } from './api.js';

/** A volume as the API shows it. */
export interface VolumeBody {
  readonly id: number;
  readonly openstack_id: string | null;
  readonly project_id: number;
  readonly server_id: number | null;
  readonly server: { readonly id: number; readonly name: string } | null;
  readonly volume_type_id: string | null;
  readonly image_id: string | null;
  readonly name: string;
  readonly description: string | null;
  readonly status: string;
  readonly openstack_status: string | null;
  readonly size: number;
  readonly is_root_volume: boolean;
  readonly availability_zone: string | null;
  readonly protected: boolean;
  readonly fault: { readonly code: string; readonly message: string } | null;
  readonly operation: { readonly id: number; readonly kind: string; readonly state: string } | null;
  readonly observed_at: string | null;
  readonly created_at: string;
  readonly deleted_at: string | null;
}

type Changes = Readonly<Record<string, unknown>>;

/** Requests for volumes of one account; of the type `lab-ssd` and 1 GiB unless a test says otherwise. */
export class VolumeRequests {
  constructor(readonly api: Api) {}

  body(name: string, changes: Changes = {}): Record<string, unknown> {
    return { name, size: 1, volume_type_id: seed.volumeTypes['lab-ssd'], ...changes };
  }

  async post<T = VolumeBody>(name: string, changes: Changes = {}): Promise<Answer<T>> {
    return this.api.post<T>('/volumes', this.body(name, changes));
  }

  /** One whose creation has ended, however. */
  async create(name: string, changes: Changes = {}): Promise<VolumeBody> {
    const answer = await this.post(name, changes);
    if (answer.status !== 202) {
      throw new Error(`POST /volumes: ${String(answer.status)} ${JSON.stringify(answer.body)}`);
    }
    await this.api.finished(answer);
    return this.get(answer.body.id);
  }

  async get(id: number): Promise<VolumeBody> {
    return (await this.api.get<VolumeBody>(pathOf(id))).body;
  }

  async update<T = VolumeBody>(id: number, body: Changes): Promise<Answer<T>> {
    return this.api.put<T>(`${pathOf(id)}/info`, body);
  }

  async resize<T = VolumeBody>(id: number, size: unknown): Promise<Answer<T>> {
    return this.api.put<T>(`${pathOf(id)}/size`, { size });
  }

  async delete<T>(id: number, query = ''): Promise<Answer<T>> {
    return this.api.delete<T>(`${pathOf(id)}${query}`);
  }

  async attach<T>(serverId: number, id: number): Promise<Answer<T>> {
    return this.api.post<T>(`/servers/${String(serverId)}${pathOf(id)}`);
  }

  async detach<T>(serverId: number, id: number): Promise<Answer<T>> {
    return this.api.delete<T>(`/servers/${String(serverId)}${pathOf(id)}`);
  }
}

function pathOf(id: number): string {
  return `/volumes/${String(id)}`;
}
