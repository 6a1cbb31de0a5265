import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { OpenStackCall } from '../openstack/openstack-call.js';
import { OpenStackHttp } from '../openstack/openstack-http.js';
import { isSameName } from '../openstack/openstack-name.js';
import { wholeListBytes } from '../openstack/openstack-paging.js';
import { path } from '../openstack/openstack-path.js';
import { wireId, wireOptionalText } from '../openstack/openstack-wire.js';

export interface ObservedUser {
  readonly openstackId: string;
  /** The name one logs in with. */
  readonly name: string;
  readonly enabled: boolean;
  readonly domainId: string;
  readonly description: string | null;
  readonly email: string | null;
}

export interface ObservedUsers {
  readonly users: readonly ObservedUser[];
  /** False when Keystone cut the list: who is absent may exist. */
  readonly isComplete: boolean;
}

export interface NewKeystoneUser {
  readonly name: string;
  readonly domainId: string;
  readonly password: string;
  /** Becomes the description, by which it is found again. */
  readonly marker: string;
}

const observedUser = z
  .object({
    id: wireId,
    name: z.string(),
    enabled: z.boolean().default(true),
    domain_id: z.string(),
    description: wireOptionalText,
    email: wireOptionalText,
  })
  .transform(({ id, name, enabled, domain_id: domainId, description, email }): ObservedUser => ({
    openstackId: id,
    name,
    enabled,
    domainId,
    description,
    email,
  }));

const userList = z.object({ users: z.array(observedUser), truncated: z.boolean().default(false) });

/** Keystone's users; needs the admin's scope. */
@Injectable()
export class UserClient {
  constructor(private readonly http: OpenStackHttp) {}

  /** The domain's users, disabled ones too. Keystone has no pages. */
  list(call: OpenStackCall, domainId: string): Promise<ObservedUsers> {
    return this.search(call, domainId, {});
  }

  /** @throws OpenStackNotFound */
  async get(call: OpenStackCall, openstackId: string): Promise<ObservedUser> {
    const answer = await this.http.send({
      service: 'identity',
      method: 'GET',
      path: path`/users/${openstackId}`,
      operation: 'GET /v3/users/{id}',
      ok: [200],
      schema: z.object({ user: observedUser }),
      call,
    });
    return answer.data.user;
  }

  /**
   * Users of that name, as Keystone compares names: without case, on MySQL without accents too. So one may be found whose name is
   * spelled otherwise; it stands in the way of a new one all the same.
   */
  async findByName(
    call: OpenStackCall,
    { name, domainId }: { readonly name: string; readonly domainId: string },
  ): Promise<readonly ObservedUser[]> {
    const { users } = await this.search(call, domainId, { name });
    return users.filter((user) => isSameName(user.name, name));
  }

  /**
   * Names are unique in a domain, so that a second one cannot be made by mistake.
   *
   * @throws OpenStackConflict when a user has that name, however it is spelled.
   * @throws OpenStackRefused when Keystone's rules refuse the password, with their text.
   */
  async create(call: OpenStackCall, user: NewKeystoneUser): Promise<ObservedUser> {
    const { name, domainId, password, marker } = user;
    const answer = await this.http.send({
      service: 'identity',
      method: 'POST',
      path: '/users',
      operation: 'POST /v3/users',
      body: { user: { name, domain_id: domainId, password, description: marker, enabled: true } },
      ok: [201],
      schema: z.object({ user: observedUser }),
      call,
    });
    return answer.data.user;
  }

  /** With all of its roles and tokens. @throws OpenStackNotFound */
  async delete(call: OpenStackCall, openstackId: string): Promise<void> {
    await this.http.send({
      service: 'identity',
      method: 'DELETE',
      path: path`/users/${openstackId}`,
      operation: 'DELETE /v3/users/{id}',
      ok: [204],
      schema: null,
      call,
    });
  }

  private async search(
    call: OpenStackCall,
    domainId: string,
    filter: Readonly<Record<string, string>>,
  ): Promise<ObservedUsers> {
    const answer = await this.http.send({
      service: 'identity',
      method: 'GET',
      path: '/users',
      operation: 'GET /v3/users',
      query: { domain_id: domainId, ...filter },
      ok: [200],
      schema: userList,
      largestBytes: wholeListBytes,
      call,
    });
    const { users, truncated } = answer.data;
    return { users: users.filter((user) => user.domainId === domainId), isComplete: !truncated };
  }
}
