import { seed } from '../../simulator/seed.js';
import type { Answer, Api } from './api.js';

/** A floating IP as the API shows it. */
export interface FloatingIpBody {
  readonly id: number;
  readonly openstack_id: string | null;
  readonly address: string | null;
  readonly project_id: number;
  readonly status: string;
  readonly floating_network_id: string;
  readonly network_interface_id: number | null;
  readonly fixed_ip_address: string | null;
  readonly server_id: number | null;
  readonly server: { readonly id: number; readonly name: string } | null;
  readonly fault: { readonly code: string; readonly message: string } | null;
  readonly operation: { readonly id: number; readonly kind: string; readonly state: string } | null;
  readonly created_at: string;
}

/** Requests for floating IPs of one account. */
export class FloatingIpRequests {
  constructor(private readonly api: Api) {}

  async post(networkId: string = seed.networks.public): Promise<Answer<FloatingIpBody>> {
    return this.api.post<FloatingIpBody>('/floating-ips', { floating_network_id: networkId });
  }

  /** One that is there. */
  async allocate(): Promise<FloatingIpBody> {
    const answer = await this.post();
    if (answer.status === 201) return answer.body;
    throw new Error(`POST /floating-ips: ${String(answer.status)} ${JSON.stringify(answer.body)}`);
  }

  async get(id: number): Promise<FloatingIpBody> {
    return (await this.api.get<FloatingIpBody>(`/floating-ips/${String(id)}`)).body;
  }

  async release<T>(id: number): Promise<Answer<T>> {
    return this.api.delete<T>(`/floating-ips/${String(id)}`);
  }

  async associate<T>(networkInterfaceId: number, id: number): Promise<Answer<T>> {
    return this.api.post<T>(pathOf(networkInterfaceId, id));
  }

  async disassociate<T>(networkInterfaceId: number, id: number): Promise<Answer<T>> {
    return this.api.delete<T>(pathOf(networkInterfaceId, id));
  }
}

function pathOf(networkInterfaceId: number, id: number): string {
  return `/network-interfaces/${String(networkInterfaceId)}/floating-ips/${String(id)}`;
}
