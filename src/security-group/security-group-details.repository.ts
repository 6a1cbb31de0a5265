import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { comesAfter } from '../database/row-order.js';
import { syncColumn, type Sync } from '../database/sync.js';
import type { OperationState } from '../operation/operation-state.js';

/** A rule as every route shows it. */
export interface SecurityGroupRuleDetails {
  readonly id: number;
  readonly openstackId: string | null;
  readonly protocol: string | null;
  readonly etherType: 'IPv4' | 'IPv6';
  readonly direction: 'ingress' | 'egress';
  readonly portRangeMin: number | null;
  readonly portRangeMax: number | null;
  readonly remoteIpPrefix: string | null;
  /** Null also for a group that we do not know. */
  readonly remoteGroupId: number | null;
  readonly remoteGroupOpenstackId: string | null;
  readonly description: string | null;
}

/** A security group as every route shows it. */
export interface SecurityGroupDetails {
  readonly id: number;
  readonly openstackId: string | null;
  readonly projectId: number;
  readonly name: string;
  readonly description: string | null;
  readonly isDefault: boolean;
  readonly rules: readonly SecurityGroupRuleDetails[];
  readonly servers: readonly { readonly id: number; readonly name: string }[];
  readonly observedAt: Date | null;
  readonly sync: Sync;
  readonly missingSince: Date | null;
  readonly fault: { readonly code: string; readonly message: string } | null;
  readonly operation: { readonly id: number; readonly kind: string; readonly state: OperationState } | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly deletedAt: Date | null;
}

/** Which groups a list asks for. */
export interface SecurityGroupFilter {
  /** Null: of every project. */
  readonly projectId: number | null;
  readonly includeDeleted: boolean;
  readonly sortBy: 'name' | 'created_at';
  readonly order: 'asc' | 'desc';
  /** The last row of the page before. */
  readonly after: { readonly value: Date | string; readonly id: number } | null;
  readonly limit: number;
}

type Plain = Omit<SecurityGroupDetails, 'isDefault' | 'rules' | 'servers' | 'fault' | 'operation'>;

interface Row extends Plain {
  readonly isDefault: number;
  readonly faultCode: string | null;
  readonly faultMessage: string | null;
  readonly operationId: number | null;
  readonly operationKind: string | null;
  readonly operationState: OperationState | null;
}

interface OfGroup {
  readonly groupId: number;
}

type RuleRow = SecurityGroupRuleDetails & OfGroup;
type ServerRow = { readonly id: number; readonly name: string } & OfGroup;

const select = `SELECT g.id, g.openstack_id AS openstackId, g.project_id AS projectId, g.name, g.description, g.is_default AS isDefault,
  g.observed_at AS observedAt, ${syncColumn('g', 'security_group')}, g.missing_since AS missingSince, g.fault_code AS faultCode, g.fault_message AS faultMessage,
  o.id AS operationId, o.kind AS operationKind, o.state AS operationState,
  g.created_at AS createdAt, g.updated_at AS updatedAt, g.deleted_at AS deletedAt
  FROM security_group g
  LEFT JOIN operation_lock l ON l.resource_type = 'security_group' AND l.resource_id = g.id
  LEFT JOIN operation o ON o.id = l.operation_id`;

const sortColumns = { name: 'g.name', created_at: 'g.created_at' } as const;

/** Groups with everything that the API shows of them: three statements, however many groups. */
@Injectable()
export class SecurityGroupDetailsRepository {
  /** Live or deleted. */
  async find(manager: EntityManager, id: number): Promise<SecurityGroupDetails | null> {
    const rows: Row[] = await manager.query(`${select} WHERE g.id = ?`, [id]);
    return (await this.complete(manager, rows))[0] ?? null;
  }

  async list(manager: EntityManager, filter: SecurityGroupFilter): Promise<readonly SecurityGroupDetails[]> {
    const conditions: string[] = [];
    const values: unknown[] = [];
    const column = sortColumns[filter.sortBy];
    if (filter.projectId !== null) {
      conditions.push('g.project_id = ?');
      values.push(filter.projectId);
    }
    if (!filter.includeDeleted) conditions.push('g.deleted_at IS NULL');
    if (filter.after !== null) {
      const [condition, ...position] = comesAfter(column, 'g.id', filter.order, filter.after);
      conditions.push(condition);
      values.push(...position);
    }
    const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
    const direction = filter.order === 'asc' ? 'ASC' : 'DESC';
    const rows: Row[] = await manager.query(
      `${select} ${where} ORDER BY ${column} ${direction}, g.id ${direction} LIMIT ?`,
      [...values, filter.limit],
    );
    return this.complete(manager, rows);
  }

  private async complete(manager: EntityManager, rows: readonly Row[]): Promise<readonly SecurityGroupDetails[]> {
    if (rows.length === 0) return [];
    const ids = rows.map((row) => row.id);
    const rules: RuleRow[] = await manager.query(
      `SELECT r.security_group_id AS groupId, r.id, r.openstack_id AS openstackId, r.protocol, r.ether_type AS etherType, r.direction,
              r.port_range_min AS portRangeMin, r.port_range_max AS portRangeMax, r.remote_ip_prefix AS remoteIpPrefix,
              g.id AS remoteGroupId, r.remote_group_openstack_id AS remoteGroupOpenstackId, r.description
         FROM security_group_rule r
         LEFT JOIN security_group g ON g.openstack_id = r.remote_group_openstack_id AND g.deleted_at IS NULL
        WHERE r.security_group_id IN (?) ORDER BY r.id`,
      [ids],
    );
    const servers: ServerRow[] = await manager.query(
      `SELECT DISTINCT ng.security_group_id AS groupId, s.id, s.name
         FROM network_interface_security_group ng
         JOIN network_interface n ON n.id = ng.network_interface_id AND n.deleted_at IS NULL
         JOIN server s ON s.id = n.server_id AND s.deleted_at IS NULL
        WHERE ng.security_group_id IN (?) ORDER BY s.id`,
      [ids],
    );
    const rulesOf = byGroup(rules);
    const serversOf = byGroup(servers);
    return rows.map((row) => detailsOf(row, rulesOf.get(row.id) ?? [], serversOf.get(row.id) ?? []));
  }
}

function byGroup<T extends OfGroup>(things: readonly T[]): ReadonlyMap<number, readonly T[]> {
  const groups = new Map<number, T[]>();
  for (const thing of things) {
    const group = groups.get(thing.groupId);
    if (group === undefined) groups.set(thing.groupId, [thing]);
    else group.push(thing);
  }
  return groups;
}

function detailsOf(row: Row, rules: readonly RuleRow[], servers: readonly ServerRow[]): SecurityGroupDetails {
  const { isDefault, faultCode, faultMessage, operationId, operationKind, operationState, ...rest } = row;
  return {
    ...rest,
    isDefault: isDefault === 1,
    rules,
    servers,
    fault: faultCode === null ? null : { code: faultCode, message: faultMessage ?? '' },
    operation:
      operationId === null || operationKind === null || operationState === null
        ? null
        : { id: operationId, kind: operationKind, state: operationState },
  };
}
