import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from '../database/transaction.js';
import { NovaKeyPairClient } from '../key-pair/nova-key-pair.client.js';
import { adminCall, type OpenStackCall } from '../openstack/openstack-call.js';
import { ifThere, orNull } from '../operation/marked-removal.js';
import { markedRows } from '../reconciliation/marked-rows.js';
import {
  OrphanSources,
  type MarkedObject,
  type MarkedRow,
  type OrphanSource,
} from '../reconciliation/orphan-source.js';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * Registers the keys of new servers with the sweep for orphans: the service account's own key pairs that have the uuid of one of
 * our servers for a name. No row records one, so each is left over once no operation works on its server.
 */
@Injectable()
export class ServerKeyReconciler implements OrphanSource, OnModuleInit {
  /** Of the row, and of the lock that says that the key is needed. */
  readonly resourceType = 'server';
  readonly order = 0;

  constructor(
    private readonly sources: OrphanSources,
    private readonly client: NovaKeyPairClient,
  ) {}

  onModuleInit(): void {
    this.sources.register(this);
  }

  async *list(): AsyncGenerator<readonly MarkedObject[]> {
    for await (const page of this.client.list(adminCall)) {
      yield page.filter(({ name }) => uuid.test(name)).map(({ name }) => keyOf(name));
    }
  }

  async rows(manager: EntityManager, uuids: readonly string[], lock: boolean): Promise<readonly MarkedRow[]> {
    const rows = await markedRows(manager, 'server', uuids, lock);
    return rows.map((row) => ({ ...row, openstackId: null, projectOpenstackId: noProject }));
  }

  async look({ openstackId }: MarkedObject): Promise<MarkedObject | null> {
    return (await orNull(this.client.get(adminCall, openstackId))) === null ? null : keyOf(openstackId);
  }

  /** Keys belong to the user, whatever the project of the token. */
  async remove({ openstackId }: MarkedObject, call: OpenStackCall): Promise<void> {
    await ifThere(this.client.delete({ ...call, scope: adminCall.scope }, openstackId));
  }
}

/** Keys are the service account's own. */
const noProject = '';

function keyOf(name: string): MarkedObject {
  return { openstackId: name, projectOpenstackId: noProject, uuid: name };
}
