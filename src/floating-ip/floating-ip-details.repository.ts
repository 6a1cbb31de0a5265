import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { comesAfter } from '../database/row-order.js';
import { syncColumn } from '../database/sync.js';
import type { OperationState } from '../operation/operation-state.js';
import type { FloatingIpDetails } from './floating-ip-details.js';

/** Which floating IPs a list asks for. */
export interface FloatingIpFilter {
  /** Null: of every project. */
  readonly projectId: number | null;
  readonly includeDeleted: boolean;
  readonly sortBy: 'address' | 'created_at';
  readonly order: 'asc' | 'desc';
  /** The last row of the page before; an address that is not allocated yet counts as ''. */
  readonly after: { readonly value: Date | string; readonly id: number } | null;
  readonly limit: number;
}

interface Row extends Omit<FloatingIpDetails, 'server' | 'fault' | 'operation'> {
  readonly serverId: number | null;
  readonly serverName: string | null;
  readonly faultCode: string | null;
  readonly faultMessage: string | null;
  readonly operationId: number | null;
  readonly operationKind: string | null;
  readonly operationState: OperationState | null;
}

const select = `SELECT f.id, f.openstack_id AS openstackId, f.project_id AS projectId, f.address, f.fixed_ip_address AS fixedIpAddress,
  f.floating_network_openstack_id AS floatingNetworkOpenstackId, f.status, n.id AS networkInterfaceId,
  s.id AS serverId, s.name AS serverName, f.observed_at AS observedAt, ${syncColumn('f', 'floating_ip')}, f.missing_since AS missingSince, f.fault_code AS faultCode, f.fault_message AS faultMessage,
  o.id AS operationId, o.kind AS operationKind, o.state AS operationState,
  f.created_at AS createdAt, f.updated_at AS updatedAt, f.deleted_at AS deletedAt
  FROM floating_ip f
  LEFT JOIN network_interface n ON n.id = f.network_interface_id AND n.deleted_at IS NULL
  LEFT JOIN server s ON s.id = n.server_id AND s.deleted_at IS NULL
  LEFT JOIN operation_lock l ON l.resource_type = 'floating_ip' AND l.resource_id = f.id
  LEFT JOIN operation o ON o.id = l.operation_id`;

const sortColumns = { address: 'f.address', created_at: 'f.created_at' } as const;

/** Floating IPs with everything that the API shows of them, in one statement. */
@Injectable()
export class FloatingIpDetailsRepository {
  /** Live or deleted. */
  async find(manager: EntityManager, id: number): Promise<FloatingIpDetails | null> {
    const rows: Row[] = await manager.query(`${select} WHERE f.id = ?`, [id]);
    return rows.map(detailsOf)[0] ?? null;
  }

  async list(manager: EntityManager, filter: FloatingIpFilter): Promise<readonly FloatingIpDetails[]> {
    const conditions: string[] = [];
    const values: unknown[] = [];
    const column = sortColumns[filter.sortBy];
    if (filter.projectId !== null) {
      conditions.push('f.project_id = ?');
      values.push(filter.projectId);
    }
    if (!filter.includeDeleted) conditions.push('f.deleted_at IS NULL');
    if (filter.after !== null) {
      const [condition, ...position] = positionAfter(filter, filter.after);
      conditions.push(condition);
      values.push(...position);
    }
    const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
    const direction = filter.order === 'asc' ? 'ASC' : 'DESC';
    const rows: Row[] = await manager.query(
      `${select} ${where} ORDER BY ${column} ${direction}, f.id ${direction} LIMIT ?`,
      [...values, filter.limit],
    );
    return rows.map(detailsOf);
  }
}

/** Without an address, which MySQL sorts before every address, a floating IP comes first in ascending order. */
function positionAfter(
  { sortBy, order }: FloatingIpFilter,
  after: NonNullable<FloatingIpFilter['after']>,
): [condition: string, ...values: unknown[]] {
  if (sortBy !== 'address') return comesAfter(sortColumns[sortBy], 'f.id', order, after);
  if (after.value !== '') {
    const [condition, ...values] = comesAfter('f.address', 'f.id', order, after);
    return [order === 'asc' ? condition : `(${condition} OR f.address IS NULL)`, ...values];
  }
  return order === 'asc'
    ? ['(f.address IS NOT NULL OR f.id > ?)', after.id]
    : ['f.address IS NULL AND f.id < ?', after.id];
}

function detailsOf(row: Row): FloatingIpDetails {
  const { serverId, serverName, faultCode, faultMessage, operationId, operationKind, operationState, ...rest } = row;
  return {
    ...rest,
    server: serverId === null ? null : { id: serverId, name: serverName ?? '' },
    fault: faultCode === null ? null : { code: faultCode, message: faultMessage ?? '' },
    operation:
      operationId === null || operationKind === null || operationState === null
        ? null
        : { id: operationId, kind: operationKind, state: operationState },
  };
}
