import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { comesAfter } from '../database/row-order.js';
import { syncColumn, type Sync } from '../database/sync.js';
import type { OperationState } from '../operation/operation-state.js';

/** A network interface as every route shows it. */
export interface NetworkInterfaceDetails {
  readonly id: number;
  readonly openstackId: string | null;
  readonly projectId: number;
  readonly serverId: number | null;
  readonly networkOpenstackId: string;
  readonly fixedIpAddress: string | null;
  readonly fixedIps: readonly string[];
  readonly macAddress: string | null;
  readonly openstackStatus: string | null;
  readonly securityGroups: readonly { readonly id: number; readonly name: string }[];
  readonly floatingIp: { readonly id: number; readonly address: string | null } | null;
  readonly observedAt: Date | null;
  readonly sync: Sync;
  readonly missingSince: Date | null;
  readonly fault: { readonly code: string; readonly message: string } | null;
  readonly operation: { readonly id: number; readonly kind: string; readonly state: OperationState } | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly deletedAt: Date | null;
}

/** Which interfaces a list asks for. */
export interface NetworkInterfaceFilter {
  /** Null: of every project. */
  readonly projectId: number | null;
  readonly serverId: number | null;
  readonly includeDeleted: boolean;
  readonly order: 'asc' | 'desc';
  /** The last row of the page before. */
  readonly after: { readonly value: Date | string; readonly id: number } | null;
  readonly limit: number;
}

type Plain = Omit<NetworkInterfaceDetails, 'fixedIps' | 'securityGroups' | 'floatingIp' | 'fault' | 'operation'>;

interface Row extends Plain {
  readonly fixedIps: readonly string[] | null;
  readonly faultCode: string | null;
  readonly faultMessage: string | null;
  readonly operationId: number | null;
  readonly operationKind: string | null;
  readonly operationState: OperationState | null;
}

/** What hangs on an interface. */
interface Attached {
  readonly networkInterfaceId: number;
  readonly id: number;
  readonly name: string | null;
}

const select = `SELECT n.id, n.openstack_id AS openstackId, n.project_id AS projectId, n.server_id AS serverId,
  n.network_openstack_id AS networkOpenstackId, n.fixed_ip_address AS fixedIpAddress, n.fixed_ips AS fixedIps,
  n.mac_address AS macAddress, n.openstack_status AS openstackStatus, n.observed_at AS observedAt, ${syncColumn('n', 'network_interface')}, n.missing_since AS missingSince,
  n.fault_code AS faultCode, n.fault_message AS faultMessage, o.id AS operationId, o.kind AS operationKind,
  o.state AS operationState, n.created_at AS createdAt, n.updated_at AS updatedAt, n.deleted_at AS deletedAt
  FROM network_interface n
  LEFT JOIN operation_lock l ON l.resource_type = 'network_interface' AND l.resource_id = n.id
  LEFT JOIN operation o ON o.id = l.operation_id`;

/** Interfaces with everything that the API shows of them: three statements, however many interfaces. */
@Injectable()
export class NetworkInterfaceDetailsRepository {
  async find(manager: EntityManager, id: number): Promise<NetworkInterfaceDetails | null> {
    const rows: Row[] = await manager.query(`${select} WHERE n.id = ? AND n.deleted_at IS NULL`, [id]);
    return (await this.complete(manager, rows))[0] ?? null;
  }

  async list(manager: EntityManager, filter: NetworkInterfaceFilter): Promise<readonly NetworkInterfaceDetails[]> {
    const { conditions, values } = conditionsOf(filter);
    const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
    const direction = filter.order === 'asc' ? 'ASC' : 'DESC';
    const rows: Row[] = await manager.query(
      `${select} ${where} ORDER BY n.created_at ${direction}, n.id ${direction} LIMIT ?`,
      [...values, filter.limit],
    );
    return this.complete(manager, rows);
  }

  private async complete(manager: EntityManager, rows: readonly Row[]): Promise<readonly NetworkInterfaceDetails[]> {
    if (rows.length === 0) return [];
    const ids = rows.map((row) => row.id);
    const groups: Attached[] = await manager.query(
      `SELECT ng.network_interface_id AS networkInterfaceId, g.id, g.name
         FROM network_interface_security_group ng
         JOIN security_group g ON g.id = ng.security_group_id AND g.deleted_at IS NULL
        WHERE ng.network_interface_id IN (?) ORDER BY g.id`,
      [ids],
    );
    const floatingIps: Attached[] = await manager.query(
      `SELECT f.network_interface_id AS networkInterfaceId, f.id, f.address AS name
         FROM floating_ip f WHERE f.network_interface_id IN (?) AND f.deleted_at IS NULL ORDER BY f.id`,
      [ids],
    );
    const groupsOf = byInterface(groups);
    const floatingIpsOf = byInterface(floatingIps);
    return rows.map((row) => detailsOf(row, groupsOf.get(row.id) ?? [], floatingIpsOf.get(row.id) ?? []));
  }
}

function conditionsOf(filter: NetworkInterfaceFilter): { conditions: string[]; values: unknown[] } {
  const conditions: string[] = [];
  const values: unknown[] = [];
  const add = (sql: string, ...parameters: unknown[]): void => {
    conditions.push(sql);
    values.push(...parameters);
  };
  if (filter.projectId !== null) add('n.project_id = ?', filter.projectId);
  if (filter.serverId !== null) add('n.server_id = ?', filter.serverId);
  if (!filter.includeDeleted) add('n.deleted_at IS NULL');
  if (filter.after !== null) add(...comesAfter('n.created_at', 'n.id', filter.order, filter.after));
  return { conditions, values };
}

function byInterface(attached: readonly Attached[]): Map<number, Attached[]> {
  const groups = new Map<number, Attached[]>();
  for (const one of attached) {
    groups.set(one.networkInterfaceId, [...(groups.get(one.networkInterfaceId) ?? []), one]);
  }
  return groups;
}

function detailsOf(row: Row, groups: readonly Attached[], floatingIps: readonly Attached[]): NetworkInterfaceDetails {
  const { fixedIps, faultCode, faultMessage, operationId, operationKind, operationState, ...rest } = row;
  const floatingIp = floatingIps[0];
  return {
    ...rest,
    fixedIps: fixedIps ?? [],
    securityGroups: groups.map(({ id, name }) => ({ id, name: name ?? '' })),
    floatingIp: floatingIp === undefined ? null : { id: floatingIp.id, address: floatingIp.name },
    fault: faultCode === null ? null : { code: faultCode, message: faultMessage ?? '' },
    operation:
      operationId === null || operationKind === null || operationState === null
        ? null
        : { id: operationId, kind: operationKind, state: operationState },
  };
}
