import { syncs, type Sync } from '../database/sync.js';
import { ApiProperty } from '@nestjs/swagger';
import { FaultResponse } from '../common/fault.dto.js';
import { Description, Id, Integer, Name, NestedList, OneOf, QueryFlag, Text } from '../common/fields.js';
import { PageQuery } from '../common/pagination.dto.js';
import { OperationReferenceResponse } from '../operation/operation.dto.js';
import type { SecurityGroupDetails, SecurityGroupRuleDetails } from './security-group-details.repository.js';
import type { RuleValue } from './security-group-rule.js';

const etherTypes = ['IPv4', 'IPv6'] as const;
const directions = ['ingress', 'egress'] as const;
const maxRules = 500;

export class SecurityGroupListQuery extends PageQuery {
  @OneOf(['name', 'created_at'], {
    optional: true,
    description: 'What the list is sorted by; `created_at` when left out.',
    example: 'name',
  })
  sort_by?: 'name' | 'created_at';

  @QueryFlag({ description: 'Deleted groups too; admins only.', example: false })
  include_deleted?: boolean;
}

export class SecurityGroupRuleRequest {
  @Text({
    optional: true,
    nullable: true,
    max: 10,
    description: 'A name such as tcp, udp, icmp, or a number from 0 to 255, which is the same; null: any.',
    example: 'tcp',
  })
  protocol?: string | null;

  @OneOf(etherTypes, { example: 'IPv4' })
  ether_type!: 'IPv4' | 'IPv6';

  @OneOf(directions, { description: 'Towards the server, or from it.', example: 'ingress' })
  direction!: 'ingress' | 'egress';

  @Integer({
    optional: true,
    nullable: true,
    min: 0,
    max: 65_535,
    description: 'The first port, of a protocol that has ports; for icmp the type. Null: any.',
    example: 443,
  })
  port_range_min?: number | null;

  @Integer({
    optional: true,
    nullable: true,
    min: 0,
    max: 65_535,
    description: 'The last port; for icmp the code. Null: any.',
    example: 443,
  })
  port_range_max?: number | null;

  @Text({
    optional: true,
    nullable: true,
    max: 49,
    description: 'The network at the other end, of the same family; null: any.',
    example: '203.0.113.0/24',
  })
  remote_ip_prefix?: string | null;

  @Id({
    optional: true,
    nullable: true,
    description: 'The other end is in this security group of the project; not together with remote_ip_prefix.',
    example: null,
  })
  remote_group_id?: number | null;

  @Description({ description: 'Two rules that differ in nothing else are one.', example: 'HTTPS from the office' })
  description?: string | null;

  static valueOf(rule: SecurityGroupRuleRequest): RuleValue<number> {
    return {
      protocol: rule.protocol ?? null,
      etherType: rule.ether_type,
      direction: rule.direction,
      portRangeMin: rule.port_range_min ?? null,
      portRangeMax: rule.port_range_max ?? null,
      remoteIpPrefix: rule.remote_ip_prefix ?? null,
      remoteGroup: rule.remote_group_id ?? null,
      description: rule.description ?? null,
    };
  }
}

export class CreateSecurityGroupRequest {
  @Name({ description: "Unique among the project's live groups.", example: 'web' })
  name!: string;

  @Description({ description: 'Whatever you want to remember of it.', example: 'Front ends of the shop' })
  description?: string | null;

  @NestedList(() => SecurityGroupRuleRequest, {
    maxItems: maxRules,
    description: 'What is let through, beside the rules that let everything out.',
  })
  rules!: SecurityGroupRuleRequest[];
}

export class UpdateSecurityGroupRequest {
  @Name({ description: "Unique among the project's live groups.", example: 'web' })
  name!: string;

  @Description({ description: 'Left out: stays as it is.', example: 'Front ends of the shop' })
  description?: string | null;

  @NestedList(() => SecurityGroupRuleRequest, {
    maxItems: maxRules,
    description: 'All that is let through, from now on; rules that are there already stay, the others go.',
  })
  rules!: SecurityGroupRuleRequest[];
}

export class SecurityGroupServerResponse {
  /** @example 7 */
  id!: number;

  /** @example web-1 */
  name!: string;
}

export class SecurityGroupRuleResponse {
  /** Stays while the rule does. @example 31 */
  id!: number;

  /** @example 8f2c9a2e-59c5-4f0b-9b0e-0a3c39a0bb5d */
  openstack_id!: string | null;

  /** A name, or the number of a protocol without one; null: any. @example tcp */
  protocol!: string | null;

  /** @example IPv4 */
  @ApiProperty({ enum: etherTypes })
  ether_type!: 'IPv4' | 'IPv6';

  /** @example ingress */
  @ApiProperty({ enum: directions })
  direction!: 'ingress' | 'egress';

  /** For icmp the type; null: any. @example 443 */
  port_range_min!: number | null;

  /** For icmp the code; null: any. @example 443 */
  port_range_max!: number | null;

  /** A network, host bits cleared; null: any. @example 203.0.113.0/24 */
  remote_ip_prefix!: string | null;

  /** The other end is in this group. @example 5 */
  remote_group_id!: number | null;

  /** The same as OpenStack names it; alone where the group is not one of ours. @example 5e2810e7-bcf8-4379-bf16-c1a5444e926b */
  remote_group_openstack_id!: string | null;

  /** @example HTTPS from the office */
  description!: string | null;

  static from(rule: SecurityGroupRuleDetails): SecurityGroupRuleResponse {
    return {
      id: rule.id,
      openstack_id: rule.openstackId,
      protocol: rule.protocol,
      ether_type: rule.etherType,
      direction: rule.direction,
      port_range_min: rule.portRangeMin,
      port_range_max: rule.portRangeMax,
      remote_ip_prefix: rule.remoteIpPrefix,
      remote_group_id: rule.remoteGroupId,
      remote_group_openstack_id: rule.remoteGroupOpenstackId,
      description: rule.description,
    };
  }
}

/** A security group, the same in every answer that holds one. */
export class SecurityGroupResponse {
  /** @example 5 */
  id!: number;

  /** Null until Neutron has made it. @example 5e2810e7-bcf8-4379-bf16-c1a5444e926b */
  openstack_id!: string | null;

  /** @example 1 */
  project_id!: number;

  /** @example web */
  name!: string;

  /** @example Front ends of the shop */
  description!: string | null;

  /** Each project has one such group, which servers get that name none; it keeps its name and cannot be deleted. @example false */
  is_default!: boolean;

  /** As Neutron showed them last. */
  rules!: SecurityGroupRuleResponse[];

  /** The servers whose interfaces are in the group. */
  servers!: SecurityGroupServerResponse[];

  /** Why something asked for was not done. */
  fault!: FaultResponse | null;

  /** What is under way on it; null when nothing is. */
  operation!: OperationReferenceResponse | null;

  /** When OpenStack was last seen to say so. @example 2026-11-24T09:30:04.798Z */
  observed_at!: string | null;

  /** Whether that can be trusted: `stale` when OpenStack has not been heard since, `unknown` when it was not found at the last look. @example fresh */
  @ApiProperty({ enum: syncs })
  sync!: Sync;

  /** OpenStack has not shown it since then; if it stays away for the grace time of the policy, it is deleted here too. Null while OpenStack shows it. @example null */
  missing_since!: string | null;

  /** @example 2026-11-24T09:30:00.512Z */
  created_at!: string;

  /** @example 2026-11-24T09:30:04.798Z */
  updated_at!: string;

  /** @example null */
  deleted_at!: string | null;

  static from(group: SecurityGroupDetails): SecurityGroupResponse {
    const { fault, operation } = group;
    return {
      id: group.id,
      openstack_id: group.openstackId,
      project_id: group.projectId,
      name: group.name,
      description: group.description,
      is_default: group.isDefault,
      rules: group.rules.map((rule) => SecurityGroupRuleResponse.from(rule)),
      servers: group.servers.map(({ id, name }) => ({ id, name })),
      fault: fault === null ? null : { code: fault.code, message: fault.message },
      operation: operation === null ? null : { id: operation.id, kind: operation.kind, state: operation.state },
      observed_at: group.observedAt?.toISOString() ?? null,
      sync: group.sync,
      missing_since: group.missingSince?.toISOString() ?? null,
      created_at: group.createdAt.toISOString(),
      updated_at: group.updatedAt.toISOString(),
      deleted_at: group.deletedAt?.toISOString() ?? null,
    };
  }
}

export class SecurityGroupListResponse {
  security_groups!: SecurityGroupResponse[];

  /** For the next page; null on the last one. @example null */
  next_cursor!: string | null;
}
