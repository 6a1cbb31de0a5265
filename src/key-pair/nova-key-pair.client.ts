import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { OpenStackCall } from '../openstack/openstack-call.js';
import { OpenStackHttp } from '../openstack/openstack-http.js';
import { novaMicroversion } from '../openstack/openstack-microversions.js';
import { followPages, nextLink, pageLinks, pageSize } from '../openstack/openstack-paging.js';
import { path } from '../openstack/openstack-path.js';
import { wireId } from '../openstack/openstack-wire.js';

/** A key pair in Nova has no id: its name is unique to its user. */
export interface ObservedKeyPair {
  readonly name: string;
  readonly publicKey: string;
}

const observedKeyPair = z
  .object({ name: wireId, public_key: z.string() })
  .transform((keyPair): ObservedKeyPair => ({ name: keyPair.name, publicKey: keyPair.public_key }));
const shownKeyPair = z.object({ keypair: observedKeyPair });
const keyPairPage = z.object({ keypairs: z.array(shownKeyPair), keypairs_links: pageLinks }).transform((page) => ({
  items: page.keypairs.map(({ keypair }) => keypair),
  next: nextLink(page.keypairs_links),
}));

/**
 * Nova's key pairs of the service account: they belong to a user, whatever the project of the scope. A server keeps its own copy,
 * so one is needed only while a server is made. One that is unknown or gone is OpenStackNotFound.
 */
@Injectable()
export class NovaKeyPairClient {
  constructor(private readonly http: OpenStackHttp) {}

  /** Imports a public key. A name that is taken is OpenStackConflict, a key that Nova cannot read OpenStackRefused. */
  async create(call: OpenStackCall, { name, publicKey }: ObservedKeyPair): Promise<ObservedKeyPair> {
    const answer = await this.http.send({
      service: 'compute',
      method: 'POST',
      path: '/os-keypairs',
      operation: 'POST /os-keypairs',
      microversion: novaMicroversion,
      body: { keypair: { name, type: 'ssh', public_key: publicKey } },
      ok: [201],
      schema: shownKeyPair,
      call,
    });
    return answer.data.keypair;
  }

  async get(call: OpenStackCall, name: string): Promise<ObservedKeyPair> {
    const answer = await this.http.send({
      service: 'compute',
      method: 'GET',
      path: path`/os-keypairs/${name}`,
      operation: 'GET /os-keypairs/{name}',
      microversion: novaMicroversion,
      ok: [200],
      schema: shownKeyPair,
      call,
    });
    return answer.data.keypair;
  }

  async delete(call: OpenStackCall, name: string): Promise<void> {
    await this.http.send({
      service: 'compute',
      method: 'DELETE',
      path: path`/os-keypairs/${name}`,
      operation: 'DELETE /os-keypairs/{name}',
      microversion: novaMicroversion,
      ok: [204],
      schema: null,
      call,
    });
  }

  /** All of the service account's. */
  list(call: OpenStackCall): AsyncGenerator<readonly ObservedKeyPair[]> {
    return followPages(this.http, {
      service: 'compute',
      path: '/os-keypairs',
      operation: 'GET /os-keypairs',
      microversion: novaMicroversion,
      query: { limit: pageSize },
      schema: keyPairPage,
      call,
    });
  }
}
