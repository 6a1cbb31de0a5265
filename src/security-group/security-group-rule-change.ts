import { Injectable } from '@nestjs/common';
import { NetworkQuotaClient } from '../catalog/network-quota.client.js';
import type { EntityManager } from '../database/transaction.js';
import {
  OpenStackConflict,
  OpenStackError,
  OpenStackNotFound,
  OpenStackQuotaExceeded,
  OpenStackRefused,
} from '../openstack/openstack-errors.js';
import { ifThere, orNull } from '../operation/marked-removal.js';
import { networkQuotaFault } from '../operation/operation-fault.js';
import type { Fault, Sight, StepCalls } from '../operation/operation-kind.js';
import { existingRule } from './observed-rule.js';
import type { ExistingRule, RuleDifference, RuleValue } from './security-group-rule.js';
import { SecurityGroupRuleRepository } from './security-group-rule.repository.js';
import { SecurityGroupClient, type ObservedSecurityGroup } from './security-group.client.js';
import { SecurityGroupNotFound } from './security-group.errors.js';
import { SecurityGroupRepository } from './security-group.repository.js';

/** A group whose rules are brought to Neutron. */
export interface RuleTarget {
  readonly id: number;
  readonly openstackId: string;
  readonly projectOpenstackId: string;
  /** OpenStack's ids of the rules that the record has. */
  readonly recordedRules: readonly string[];
}

/** So many calls at most between two looks. */
const callsAtOnce = 50;

/** Adds and deletes rules until Neutron has those that are wanted; the record follows what Neutron shows. */
@Injectable()
export class SecurityGroupRuleChange {
  constructor(
    private readonly client: SecurityGroupClient,
    private readonly quotas: NetworkQuotaClient,
    private readonly groups: SecurityGroupRepository,
    private readonly rules: SecurityGroupRuleRepository,
  ) {}

  /** `differenceTo` says what is to be done, given the rules that are there. */
  async look(
    target: RuleTarget,
    differenceTo: (existing: readonly ExistingRule[]) => RuleDifference,
    calls: StepCalls,
  ): Promise<Sight> {
    const seen = await orNull(this.client.get(calls.reading(target.projectOpenstackId), target.openstackId));
    if (seen === null) return groupGone(target.id);
    const existing = seen.rules.map((rule) => existingRule(rule));
    const difference = differenceTo(existing);
    const writes = (tx: EntityManager): Promise<void> => this.record(tx, target.id, seen);
    if (isNothing(difference)) return { is: 'reached', writes };
    if (!isRecorded(target, seen)) return { is: 'passing', writes };
    let quotaFault: Fault | null = null;
    return {
      is: 'needed',
      act: async () => {
        try {
          await this.change(target, difference, calls);
        } catch (error) {
          if (error instanceof OpenStackQuotaExceeded) quotaFault = await this.explainQuota(target, error, calls);
          throw error;
        }
      },
      explain: () => quotaFault,
    };
  }

  /** Writes down what Neutron showed of a group's rules. */
  async record(tx: EntityManager, groupId: number, seen: ObservedSecurityGroup): Promise<void> {
    await this.groups.setObserved(tx, groupId);
    await this.rules.mirror(tx, new Map([[groupId, seen.rules.map((rule) => existingRule(rule))]]));
  }

  private async change(target: RuleTarget, difference: RuleDifference, calls: StepCalls): Promise<void> {
    const changes = [
      ...difference.replace.map((rule) => () => this.delete(target, rule, calls)),
      ...difference.add.map((rule) => () => this.add(target, rule, calls)),
      ...difference.remove.map((rule) => () => this.delete(target, rule, calls)),
    ];
    let done = 0;
    try {
      for (const change of changes.slice(0, callsAtOnce)) {
        await change();
        done += 1;
      }
    } catch (error) {
      // What was done already is recorded before the refusal counts: it comes again at once.
      if (done === 0 || !isRefusal(error)) throw error;
    }
  }

  private async add(target: RuleTarget, rule: RuleValue<string>, calls: StepCalls): Promise<void> {
    const { remoteGroup: remoteGroupOpenstackId, ...values } = rule;
    try {
      await this.client.createRule(calls.changing(target.projectOpenstackId), target.openstackId, {
        ...values,
        remoteGroupOpenstackId,
      });
    } catch (error) {
      // An earlier call of ours, or someone else, was faster.
      if (!(error instanceof OpenStackConflict && error.type === 'SecurityGroupRuleExists')) throw error;
    }
  }

  private async delete(target: RuleTarget, rule: ExistingRule, calls: StepCalls): Promise<void> {
    await ifThere(this.client.deleteRule(calls.changing(target.projectOpenstackId), rule.openstackId));
  }

  /** Null when the numbers cannot be had: the refusal stands without them. */
  private async explainQuota(
    { projectOpenstackId }: RuleTarget,
    error: OpenStackQuotaExceeded,
    calls: StepCalls,
  ): Promise<Fault | null> {
    try {
      const call = calls.reading(projectOpenstackId);
      const quota = await this.quotas.get(call, projectOpenstackId, 'security_group_rule');
      return quota === null ? null : networkQuotaFault(error, 'a rule of the security group', quota);
    } catch (failure) {
      if (failure instanceof OpenStackError) return null;
      throw failure;
    }
  }
}

export function groupGone(id: number): Sight {
  const message = `Security group ${String(id)} is not in OpenStack any more.`;
  return { is: 'failed', fault: { code: SecurityGroupNotFound.code, message, openstackRequestIds: [] } };
}

function isNothing({ replace, add, remove }: RuleDifference): boolean {
  return replace.length + add.length + remove.length === 0;
}

function isRecorded({ recordedRules }: RuleTarget, { rules }: ObservedSecurityGroup): boolean {
  const recorded = new Set(recordedRules);
  return recorded.size === rules.length && rules.every(({ openstackId }) => recorded.has(openstackId));
}

function isRefusal(error: unknown): boolean {
  return (
    error instanceof OpenStackRefused ||
    error instanceof OpenStackNotFound ||
    error instanceof OpenStackConflict ||
    error instanceof OpenStackQuotaExceeded
  );
}
