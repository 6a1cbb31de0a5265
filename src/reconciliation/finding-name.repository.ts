import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { ResourceType } from '../operation/operation-state.js';
import type { Finding } from './finding.js';
import type { Facts } from './finding-kind.js';

/** A finding with what people call its resource and its project; null where that is not known. */
export interface NamedFinding extends Finding {
  /** The row's; the object's where there is no row. */
  readonly resourceName: string | null;
  readonly projectName: string | null;
}

/** What people call a row of each type, tombstones included: an address is what an interface or a floating IP is known by. */
const nameQueries: Readonly<Record<ResourceType, string>> = {
  server: 'SELECT id, name FROM server WHERE id IN (?)',
  volume: 'SELECT id, name FROM volume WHERE id IN (?)',
  network_interface: 'SELECT id, fixed_ip_address AS name FROM network_interface WHERE id IN (?)',
  floating_ip: 'SELECT id, address AS name FROM floating_ip WHERE id IN (?)',
  security_group: 'SELECT id, name FROM security_group WHERE id IN (?)',
  key_pair: 'SELECT id, name FROM key_pair WHERE id IN (?)',
  project: 'SELECT id, name FROM project WHERE id IN (?)',
  user: 'SELECT id, account_id AS name FROM user WHERE id IN (?)',
  project_user:
    'SELECT pu.id, u.account_id AS name FROM project_user pu JOIN user u ON u.id = pu.user_id WHERE pu.id IN (?)',
};

/** What findings are about, in people's words: as it is called now, not as it was when they were found. */
@Injectable()
export class FindingNameRepository {
  /** One statement for each type of resource among them, and one for their projects. */
  async named(manager: EntityManager, findings: readonly Finding[]): Promise<readonly NamedFinding[]> {
    const types = [...new Set(findings.map(({ resourceType }) => resourceType))];
    const rows = new Map<ResourceType, ReadonlyMap<number, string | null>>();
    for (const type of types) {
      const ids = findings.flatMap(({ resourceType, resourceId }) => (resourceType === type ? (resourceId ?? []) : []));
      rows.set(type, await this.names(manager, type, ids));
    }
    const projects = await this.names(
      manager,
      'project',
      findings.flatMap(({ projectId }) => projectId ?? []),
    );
    return findings.map((finding) => ({
      ...finding,
      resourceName: rows.get(finding.resourceType)?.get(finding.resourceId ?? 0) ?? nameOfObject(finding.after),
      projectName: projects.get(finding.projectId ?? 0) ?? null,
    }));
  }

  private async names(
    manager: EntityManager,
    type: ResourceType,
    ids: readonly number[],
  ): Promise<ReadonlyMap<number, string | null>> {
    if (ids.length === 0) return new Map();
    const rows: { id: number; name: string | null }[] = await manager.query(nameQueries[type], [[...new Set(ids)]]);
    return new Map(rows.map(({ id, name }) => [id, name]));
  }
}

function nameOfObject(after: Facts | null): string | null {
  const name = after?.['name'] ?? after?.['account_id'];
  return typeof name === 'string' && name !== '' ? name : null;
}
