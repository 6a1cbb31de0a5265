import type { Answer, Api, RequestOptions } from './api.js';

export interface SecurityGroupRuleBody {
  readonly id: number;
  readonly openstack_id: string | null;
  readonly protocol: string | null;
  readonly ether_type: string;
  readonly direction: string;
  readonly port_range_min: number | null;
  readonly port_range_max: number | null;
  readonly remote_ip_prefix: string | null;
  readonly remote_group_id: number | null;
  readonly remote_group_openstack_id: string | null;
  readonly description: string | null;
}

/** A security group as the API shows it. */
export interface SecurityGroupBody {
  readonly id: number;
  readonly openstack_id: string | null;
  readonly project_id: number;
  readonly name: string;
  readonly description: string | null;
  readonly is_default: boolean;
  readonly rules: readonly SecurityGroupRuleBody[];
  readonly servers: readonly { readonly id: number; readonly name: string }[];
  readonly fault: { readonly code: string; readonly message: string } | null;
  readonly operation: { readonly id: number; readonly kind: string; readonly state: string } | null;
  readonly observed_at: string | null;
  readonly created_at: string;
  readonly updated_at: string;
  readonly deleted_at: string | null;
}

export interface SecurityGroupListBody {
  readonly security_groups: readonly SecurityGroupBody[];
  readonly next_cursor: string | null;
}

/** A rule as a request has it; what is left out is null. */
export interface RuleRequest {
  readonly protocol?: string | null;
  readonly ether_type?: unknown;
  readonly direction?: unknown;
  readonly port_range_min?: unknown;
  readonly port_range_max?: unknown;
  readonly remote_ip_prefix?: unknown;
  readonly remote_group_id?: unknown;
  readonly description?: unknown;
}

/** A rule for tcp in IPv4 that lets one port in. */
export function tcp(port: number, more: RuleRequest = {}): RuleRequest {
  return {
    protocol: 'tcp',
    ether_type: 'IPv4',
    direction: 'ingress',
    port_range_min: port,
    port_range_max: port,
    ...more,
  };
}

/** Lets everything out, as every group does at first. */
export const outOfFour: RuleRequest = { ether_type: 'IPv4', direction: 'egress' };
export const outOfSix: RuleRequest = { ether_type: 'IPv6', direction: 'egress' };

/** Requests for security groups of one account. */
export class SecurityGroupRequests {
  constructor(private readonly api: Api) {}

  async post<T = SecurityGroupBody>(
    name: string,
    rules: readonly RuleRequest[] = [],
    more: Readonly<Record<string, unknown>> = {},
    options: RequestOptions = {},
  ): Promise<Answer<T>> {
    return this.api.post<T>('/security-groups', { name, rules, ...more }, options);
  }

  /** One that is there. */
  async create(
    name: string,
    rules: readonly RuleRequest[] = [],
    more: Readonly<Record<string, unknown>> = {},
  ): Promise<SecurityGroupBody> {
    const answer = await this.post(name, rules, more);
    if (answer.status !== 201)
      throw new Error(`POST /security-groups: ${String(answer.status)} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  async put<T = SecurityGroupBody>(
    id: number,
    body: { readonly name: string; readonly rules: readonly RuleRequest[]; readonly description?: string | null },
    options: RequestOptions = {},
  ): Promise<Answer<T>> {
    return this.api.put<T>(`/security-groups/${String(id)}`, body, options);
  }

  async get(id: number): Promise<SecurityGroupBody> {
    return (await this.api.get<SecurityGroupBody>(`/security-groups/${String(id)}`)).body;
  }

  async list(query = ''): Promise<readonly SecurityGroupBody[]> {
    return (await this.api.get<SecurityGroupListBody>(`/security-groups${query}`)).body.security_groups;
  }

  /** The project's group that is there from the start. */
  async default(): Promise<SecurityGroupBody> {
    const answer = await this.api.until<SecurityGroupListBody>('/security-groups', ({ body }) =>
      body.security_groups.some((group) => group.is_default),
    );
    const group = answer.body.security_groups.find((candidate) => candidate.is_default);
    if (group === undefined) throw new Error('the project has no default group');
    return group;
  }

  async delete<T = undefined>(id: number, options: RequestOptions = {}): Promise<Answer<T>> {
    return this.api.delete<T>(`/security-groups/${String(id)}`, options);
  }
}
