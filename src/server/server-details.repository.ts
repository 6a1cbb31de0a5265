import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { comesAfter } from '../database/row-order.js';
import { syncColumn, type Sync } from '../database/sync.js';
import type { OperationState } from '../operation/operation-state.js';
import { VolumeRepository, type VolumeOfServer } from '../volume/volume.repository.js';
import type { ServerDetails, ServerInterfaceDetails } from './server-details.js';
import type { ServerStatus } from './server-status.js';

/** Which servers a list asks for. */
export interface ServerFilter {
  /** Null: of every project. */
  readonly projectId: number | null;
  readonly ids: readonly number[] | null;
  readonly idsExclude: readonly number[] | null;
  readonly nameEquals: string | null;
  /** A literal substring. */
  readonly nameLike: string | null;
  readonly includeDeleted: boolean;
  readonly sortBy: 'created_at' | 'name';
  readonly order: 'asc' | 'desc';
  /** The last row of the page before. */
  readonly after: { readonly value: Date | string; readonly id: number } | null;
  readonly limit: number;
}

interface ServerRow {
  readonly id: number;
  readonly openstackId: string | null;
  readonly projectId: number;
  readonly name: string;
  readonly description: string | null;
  readonly flavorOpenstackId: string;
  readonly imageOpenstackId: string | null;
  readonly availabilityZone: string | null;
  readonly isProtected: number;
  readonly status: ServerStatus;
  readonly openstackStatus: string | null;
  readonly version: number;
  readonly observedAt: Date | null;
  readonly sync: Sync;
  readonly missingSince: Date | null;
  readonly faultCode: string | null;
  readonly faultMessage: string | null;
  readonly operationId: number | null;
  readonly operationKind: string | null;
  readonly operationState: OperationState | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly deletedAt: Date | null;
}

interface InterfaceRow {
  readonly serverId: number;
  readonly id: number;
  readonly openstackId: string | null;
  readonly fixedIpAddress: string | null;
  readonly floatingIpId: number | null;
  readonly floatingIpAddress: string | null;
  readonly groupId: number | null;
  readonly groupName: string | null;
}

const columns = `s.id, s.openstack_id AS openstackId, s.project_id AS projectId, s.name, s.description,
  s.flavor_openstack_id AS flavorOpenstackId, s.image_openstack_id AS imageOpenstackId,
  s.availability_zone AS availabilityZone, s.protected AS isProtected, s.status, s.openstack_status AS openstackStatus,
  s.version, s.observed_at AS observedAt, ${syncColumn('s', 'server')}, s.missing_since AS missingSince, s.fault_code AS faultCode, s.fault_message AS faultMessage,
  o.id AS operationId, o.kind AS operationKind, o.state AS operationState,
  s.created_at AS createdAt, s.updated_at AS updatedAt, s.deleted_at AS deletedAt`;

const from = `FROM server s
  LEFT JOIN operation_lock l ON l.resource_type = 'server' AND l.resource_id = s.id
  LEFT JOIN operation o ON o.id = l.operation_id`;

/** Servers with everything that the API shows of them: three statements, however many servers. */
@Injectable()
export class ServerDetailsRepository {
  constructor(private readonly volumes: VolumeRepository) {}

  async find(manager: EntityManager, id: number): Promise<ServerDetails | null> {
    const rows: ServerRow[] = await manager.query(`SELECT ${columns} ${from} WHERE s.id = ? AND s.deleted_at IS NULL`, [
      id,
    ]);
    const details = await this.complete(manager, rows);
    return details[0] ?? null;
  }

  async list(manager: EntityManager, filter: ServerFilter): Promise<readonly ServerDetails[]> {
    const { conditions, values } = conditionsOf(filter);
    const column = filter.sortBy === 'name' ? 's.name' : 's.created_at';
    const direction = filter.order === 'asc' ? 'ASC' : 'DESC';
    const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
    const rows: ServerRow[] = await manager.query(
      `SELECT ${columns} ${from} ${where} ORDER BY ${column} ${direction}, s.id ${direction} LIMIT ?`,
      [...values, filter.limit],
    );
    return this.complete(manager, rows);
  }

  private async complete(manager: EntityManager, rows: readonly ServerRow[]): Promise<readonly ServerDetails[]> {
    if (rows.length === 0) return [];
    const ids = rows.map((row) => row.id);
    const volumes = groupBy(await this.volumes.findOfServers(manager, ids), (volume) => volume.serverId);
    const interfaceRows: InterfaceRow[] = await manager.query(
      `SELECT n.server_id AS serverId, n.id, n.openstack_id AS openstackId, n.fixed_ip_address AS fixedIpAddress,
              f.id AS floatingIpId, f.address AS floatingIpAddress, g.id AS groupId, g.name AS groupName
         FROM network_interface n
         LEFT JOIN floating_ip f ON f.network_interface_id = n.id AND f.deleted_at IS NULL
         LEFT JOIN network_interface_security_group ng ON ng.network_interface_id = n.id
         LEFT JOIN security_group g ON g.id = ng.security_group_id AND g.deleted_at IS NULL
        WHERE n.server_id IN (?) AND n.deleted_at IS NULL
        ORDER BY n.id, f.id, g.id`,
      [ids],
    );
    const interfaces = groupBy(interfaceRows, (row) => row.serverId);
    return rows.map((row) => detailsOf(row, volumes.get(row.id) ?? [], interfaces.get(row.id) ?? []));
  }
}

function conditionsOf(filter: ServerFilter): { conditions: string[]; values: unknown[] } {
  const conditions: string[] = [];
  const values: unknown[] = [];
  const add = (sql: string, ...parameters: unknown[]): void => {
    conditions.push(sql);
    values.push(...parameters);
  };
  if (filter.projectId !== null) add('s.project_id = ?', filter.projectId);
  if (!filter.includeDeleted) add('s.deleted_at IS NULL');
  if (filter.ids !== null) add('s.id IN (?)', filter.ids);
  if (filter.idsExclude !== null && filter.idsExclude.length > 0) add('s.id NOT IN (?)', filter.idsExclude);
  if (filter.nameEquals !== null) add('s.name = ?', filter.nameEquals);
  if (filter.nameLike !== null) add('s.name LIKE ?', `%${escapeLike(filter.nameLike)}%`);
  if (filter.after !== null) {
    const column = filter.sortBy === 'name' ? 's.name' : 's.created_at';
    add(...comesAfter(column, 's.id', filter.order, filter.after));
  }
  return { conditions, values };
}

/** `%`, `_` and `\` mean themselves. */
function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, (character) => `\\${character}`);
}

function detailsOf(row: ServerRow, volumes: readonly VolumeOfServer[], rows: readonly InterfaceRow[]): ServerDetails {
  const interfaces = new Map<number, ServerInterfaceDetails>();
  const groups = new Map<number, string>();
  for (const nic of rows) {
    if (!interfaces.has(nic.id)) {
      interfaces.set(nic.id, {
        id: nic.id,
        openstackId: nic.openstackId,
        fixedIpAddress: nic.fixedIpAddress,
        floatingIp: nic.floatingIpId === null ? null : { id: nic.floatingIpId, address: nic.floatingIpAddress },
      });
    }
    if (nic.groupId !== null) groups.set(nic.groupId, nic.groupName ?? '');
  }
  const { isProtected, faultCode, faultMessage, operationId, operationKind, operationState, ...rest } = row;
  return {
    ...rest,
    isProtected: isProtected === 1,
    fault: faultCode === null ? null : { code: faultCode, message: faultMessage ?? '' },
    operation:
      operationId === null || operationKind === null || operationState === null
        ? null
        : { id: operationId, kind: operationKind, state: operationState },
    volumes,
    interfaces: [...interfaces.values()],
    securityGroups: [...groups].map(([id, name]) => ({ id, name })),
  };
}

function groupBy<Row, Key>(rows: readonly Row[], keyOf: (row: Row) => Key): Map<Key, Row[]> {
  const groups = new Map<Key, Row[]>();
  for (const row of rows) {
    const group = groups.get(keyOf(row));
    if (group === undefined) groups.set(keyOf(row), [row]);
    else group.push(row);
  }
  return groups;
}
