import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { comesAfter } from '../database/row-order.js';
import { syncColumn } from '../database/sync.js';
import type { OperationState } from '../operation/operation-state.js';
import type { VolumeDetails } from './volume-details.js';

/** Which volumes a list asks for. */
export interface VolumeFilter {
  /** Null: of every project. */
  readonly projectId: number | null;
  readonly includeDeleted: boolean;
  readonly sortBy: 'name' | 'created_at';
  readonly order: 'asc' | 'desc';
  /** The last row of the page before. */
  readonly after: { readonly value: Date | string; readonly id: number } | null;
  readonly limit: number;
}

interface Row extends Omit<VolumeDetails, 'server' | 'isRootVolume' | 'isProtected' | 'fault' | 'operation'> {
  readonly isRootVolume: number;
  readonly isProtected: number;
  readonly serverId: number | null;
  readonly serverName: string;
  readonly serverCreatedAt: Date;
  readonly serverUpdatedAt: Date;
  readonly faultCode: string | null;
  readonly faultMessage: string | null;
  readonly operationId: number | null;
  readonly operationKind: string | null;
  readonly operationState: OperationState | null;
}

const select = `SELECT v.id, v.openstack_id AS openstackId, v.project_id AS projectId, v.image_openstack_id AS imageOpenstackId,
  v.volume_type_openstack_id AS volumeTypeOpenstackId, v.name, v.description, v.status, v.openstack_status AS openstackStatus,
  v.size, v.is_root_volume AS isRootVolume, v.availability_zone AS availabilityZone, v.protected AS isProtected,
  s.id AS serverId, s.name AS serverName, s.created_at AS serverCreatedAt, s.updated_at AS serverUpdatedAt,
  v.observed_at AS observedAt, ${syncColumn('v', 'volume')}, v.missing_since AS missingSince, v.fault_code AS faultCode, v.fault_message AS faultMessage,
  o.id AS operationId, o.kind AS operationKind, o.state AS operationState,
  v.created_at AS createdAt, v.updated_at AS updatedAt, v.deleted_at AS deletedAt
  FROM volume v
  LEFT JOIN server s ON s.id = v.server_id AND s.deleted_at IS NULL
  LEFT JOIN operation_lock l ON l.resource_type = 'volume' AND l.resource_id = v.id
  LEFT JOIN operation o ON o.id = l.operation_id`;

const sortColumns = { name: 'v.name', created_at: 'v.created_at' } as const;

/** Volumes with everything that the API shows of them, in one statement, in the order of an index. */
@Injectable()
export class VolumeDetailsRepository {
  /** Live or deleted. */
  async find(manager: EntityManager, id: number): Promise<VolumeDetails | null> {
    const rows: Row[] = await manager.query(`${select} WHERE v.id = ?`, [id]);
    return rows.map(detailsOf)[0] ?? null;
  }

  async list(manager: EntityManager, filter: VolumeFilter): Promise<readonly VolumeDetails[]> {
    const conditions: string[] = [];
    const values: unknown[] = [];
    const column = sortColumns[filter.sortBy];
    if (filter.projectId !== null) {
      conditions.push('v.project_id = ?');
      values.push(filter.projectId);
    }
    if (!filter.includeDeleted) conditions.push('v.deleted_at IS NULL');
    if (filter.after !== null) {
      const [condition, ...position] = comesAfter(column, 'v.id', filter.order, filter.after);
      conditions.push(condition);
      values.push(...position);
    }
    const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
    const direction = filter.order === 'asc' ? 'ASC' : 'DESC';
    const rows: Row[] = await manager.query(
      `${select} ${where} ORDER BY ${column} ${direction}, v.id ${direction} LIMIT ?`,
      [...values, filter.limit],
    );
    return rows.map(detailsOf);
  }
}

function detailsOf(row: Row): VolumeDetails {
  const { serverId, serverName, serverCreatedAt, serverUpdatedAt, ...withoutServer } = row;
  const { faultCode, faultMessage, operationId, operationKind, operationState, ...rest } = withoutServer;
  return {
    ...rest,
    isRootVolume: row.isRootVolume === 1,
    isProtected: row.isProtected === 1,
    server:
      serverId === null
        ? null
        : { id: serverId, name: serverName, createdAt: serverCreatedAt, updatedAt: serverUpdatedAt },
    fault: faultCode === null ? null : { code: faultCode, message: faultMessage ?? '' },
    operation:
      operationId === null || operationKind === null || operationState === null
        ? null
        : { id: operationId, kind: operationKind, state: operationState },
  };
}
