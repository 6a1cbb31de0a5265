import { expect } from '@jest/globals';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { SecurityGroup, SecurityGroupRule } from '../../simulator/model.js';
import { rulesOf } from '../../simulator/security-group-lifecycle.js';
import { seed } from '../../simulator/seed.js';
import type { Answer, Api } from './api.js';
import { startApp, type TestApp } from './app.js';
import { connect } from './schema.js';
import {
  SecurityGroupRequests,
  type RuleRequest,
  type SecurityGroupBody,
  type SecurityGroupRuleBody,
} from './security-groups.js';
import type { ProblemBody } from './servers.js';

/** How the answer to a change can be lost, of which the change then may have taken effect or not. */
export const lossesOfAnswers = [
  'reset-before',
  'reset-after',
  'respond-after',
  'late-commit',
  'html',
  'truncate',
] as const;

/** An app, and what its rows and Neutron say of security groups. */
export class SecurityGroupStage {
  private constructor(
    readonly app: TestApp,
    readonly demo: Api,
    readonly groups: SecurityGroupRequests,
    readonly database: Connection,
  ) {}

  static async start(): Promise<SecurityGroupStage> {
    const app = await startApp();
    const demo = await app.login('demo');
    const groups = new SecurityGroupRequests(demo);
    await groups.default();
    return new SecurityGroupStage(app, demo, groups, await connect(app.schema));
  }

  async close(): Promise<void> {
    await this.database.end();
    await this.app.close();
  }

  /** Takes back what a test did to the cloud. */
  restore(): void {
    this.app.simulator.faults.clear();
    this.app.simulator.setQuotas(seed.projects.demo, { security_group: -1, security_group_rule: -1 });
  }

  inNeutron(): ReturnType<TestApp['simulator']['inventory']>['security_groups'] {
    return this.app.simulator.inventory().security_groups;
  }

  neutronOf({ openstack_id: id }: SecurityGroupBody): SecurityGroup | undefined {
    return this.app.simulator.cloud.securityGroups.get(id ?? '');
  }

  neutronRules({ openstack_id: id }: SecurityGroupBody): readonly SecurityGroupRule[] {
    return rulesOf(this.app.simulator.cloud, id ?? '');
  }

  lastRequest(): number {
    return this.app.simulator.log.list().at(-1)?.id ?? 0;
  }

  changesSince(after: number): readonly string[] {
    return this.app.simulator.log
      .list({ service: 'network', after })
      .filter(({ method }) => method !== 'GET')
      .map(({ method, path }) => `${method} ${path.replace(/[0-9a-f-]{36}/, '{id}')}`);
  }

  loseAnswer(method: string, path: string, action: (typeof lossesOfAnswers)[number], skip = 0): void {
    this.app.simulator.faults.add({
      method,
      path,
      action,
      times: 1,
      skip,
      ...(action === 'respond-after' ? { status: 502 } : {}),
      ...(action === 'late-commit' ? { delay_ms: 500 } : {}),
    });
  }

  async row(id: number): Promise<RowDataPacket | undefined> {
    const [rows] = await this.database.query<RowDataPacket[]>(
      `SELECT uuid, deleted_reason, deleted_at IS NULL AS isLive, fault_code,
              (SELECT COUNT(*) FROM security_group_rule r WHERE r.security_group_id = g.id) AS rules
         FROM security_group g WHERE id = ?`,
      [id],
    );
    return rows[0];
  }

  /** A later GET, the rows and Neutron say what the answer said. */
  async isExactly(group: SecurityGroupBody): Promise<void> {
    expect(await this.groups.get(group.id)).toEqual({ ...group, observed_at: expect.any(String) });
    expect(
      this.neutronRules(group)
        .map(({ id }) => id)
        .sort(),
    ).toEqual(group.rules.map((one) => one.openstack_id).sort());
  }
}

/** Rules without what Neutron and MySQL number. */
export function valuesOf(rules: readonly SecurityGroupRuleBody[]): readonly unknown[] {
  return rules.map(({ id: _id, openstack_id: _openstackId, remote_group_openstack_id: _remote, ...value }) => value);
}

/** A rule as an answer has it, but for what Neutron and MySQL number. */
export function rule(given: RuleRequest): Record<string, unknown> {
  return {
    protocol: null,
    port_range_min: null,
    port_range_max: null,
    remote_ip_prefix: null,
    remote_group_id: null,
    description: null,
    ...given,
  };
}

/** Of a success its status, of a refusal its code. */
export function codes(answers: readonly Answer<unknown>[]): readonly unknown[] {
  return answers.map(({ status, body }) => (status < 300 ? status : (body as ProblemBody).code));
}
