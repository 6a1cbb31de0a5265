import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { ResourceType } from './operation-state.js';

export interface NamedResource {
  readonly type: ResourceType;
  /** Ours. */
  readonly id: number;
}

/** What people call a row of each type, tombstones included: an address is what an interface or a floating IP is known by. */
const nameQueries: Readonly<Record<ResourceType, readonly [name: string, from: string]>> = {
  server: ['r.name', 'server r'],
  volume: ['r.name', 'volume r'],
  network_interface: ['r.fixed_ip_address', 'network_interface r'],
  floating_ip: ['r.address', 'floating_ip r'],
  security_group: ['r.name', 'security_group r'],
  key_pair: ['r.name', 'key_pair r'],
  project: ['r.name', 'project r'],
  user: ['r.account_id', 'user r'],
  project_user: ['u.account_id', 'project_user r JOIN user u ON u.id = r.user_id'],
};

/** What rows are called, in people's words: as they are called now. */
export class ResourceNames {
  constructor(private readonly names: ReadonlyMap<string, string | null>) {}

  /** Null for what has no row, or no name yet. */
  of({ type, id }: NamedResource): string | null {
    return this.names.get(`${type} ${String(id)}`) ?? null;
  }
}

@Injectable()
export class ResourceNameRepository {
  /** One statement, whatever they are. */
  async find(manager: EntityManager, resources: readonly NamedResource[]): Promise<ResourceNames> {
    const types = [...new Set(resources.map(({ type }) => type))];
    if (types.length === 0) return new ResourceNames(new Map());
    const selects = types.map((type) => {
      const [name, from] = nameQueries[type];
      // Columns of different collations do not unite by themselves.
      return `SELECT '${type}' AS type, r.id, CONVERT(${name} USING utf8mb4) COLLATE utf8mb4_bin AS name FROM ${from} WHERE r.id IN (?)`;
    });
    const ids = types.map((type) => [...new Set(resources.filter((one) => one.type === type).map(({ id }) => id))]);
    const rows: { type: ResourceType; id: number; name: string | null }[] = await manager.query(
      selects.join(' UNION ALL '),
      ids,
    );
    return new ResourceNames(new Map(rows.map(({ type, id, name }) => [`${type} ${String(id)}`, name])));
  }
}
