import { DeploymentService } from '../../src/database/deployment.service.js';
import { Database } from '../../src/database/database.js';
import type { FindingDraft } from '../../src/reconciliation/finding.js';
import type { Policies } from '../../src/reconciliation/policy.js';
import {
  Reconcilers,
  type ApplyOutcome,
  type ManagedProject,
  type PlanContext,
  type PlannedProject,
} from '../../src/reconciliation/reconciler.js';
import type { TestApp } from './app.js';

/** Everything at once, so that one plan shows it. */
const policies: Policies = {
  missing: 'tombstone',
  missingGraceSeconds: 0,
  massMissingCount: 100,
  massMissingPercent: 100,
  unmanaged: 'report',
  orphans: 'report',
  names: 'accept',
  stuckAfterSeconds: 86_400,
};

/** What reconciliation finds and does, without its loops and routes: plans of the app's own reconcilers, applied one finding at a time. */
export class Plans {
  private constructor(
    private readonly app: TestApp,
    private readonly types: readonly string[],
  ) {}

  /** Of these types only. */
  static of(app: TestApp, ...types: readonly string[]): Plans {
    return new Plans(app, types);
  }

  async plan(changes: Partial<Policies> = {}): Promise<readonly FindingDraft[]> {
    const context = await this.context(changes);
    const findings: FindingDraft[] = [];
    for (const reconciler of this.reconcilers()) {
      for await (const page of reconciler.plan(context)) findings.push(...page.findings);
    }
    return findings;
  }

  /** Those that are allowed, in their order. */
  async apply(findings: readonly FindingDraft[], changes: Partial<Policies> = {}): Promise<readonly ApplyOutcome[]> {
    const outcomes: ApplyOutcome[] = [];
    for (const finding of findings.filter(({ allowed }) => allowed)) {
      const context = {
        ...(await this.context(changes)),
        fence: () => Promise.resolve(),
        beforeSend: () => Promise.resolve(),
      };
      const reconciler = this.reconcilers().find(({ resourceType }) => resourceType === finding.resourceType);
      const recorded = { ...finding, id: 0, runId: 0, state: 'OPEN', appliedAt: null } as const;
      const outcome = await reconciler?.apply(recorded, context);
      if (outcome !== undefined) outcomes.push(outcome);
    }
    return outcomes;
  }

  /** What has changed since, as a loop would take it over. */
  async changed(since: Date): Promise<readonly FindingDraft[]> {
    const context = await this.context({});
    const findings: FindingDraft[] = [];
    for (const reconciler of this.reconcilers()) {
      const pages = reconciler.changed?.(since, context, { scope: { kind: 'admin' } });
      if (pages === undefined) continue;
      for await (const page of pages) findings.push(...page.findings);
    }
    return findings;
  }

  async project(name: string): Promise<ManagedProject> {
    const rows: ManagedProject[] = await this.database().read((manager) =>
      manager.query('SELECT id, openstack_id AS openstackId FROM project WHERE name = ? AND deleted_at IS NULL', [
        name,
      ]),
    );
    const [project] = rows;
    if (project === undefined) throw new Error(`there is no project ${name}`);
    return project;
  }

  private reconcilers() {
    return this.app.app
      .get(Reconcilers, { strict: false })
      .all()
      .filter(({ resourceType }) => this.types.length === 0 || this.types.includes(resourceType));
  }

  private database(): Database {
    return this.app.app.get(Database, { strict: false });
  }

  private async context(changes: Partial<Policies>): Promise<PlanContext> {
    const projects: PlannedProject[] = await this.database().read((manager) =>
      manager.query(
        'SELECT id, openstack_id AS openstackId, enabled AS isEnabled FROM project WHERE deleted_at IS NULL',
      ),
    );
    return {
      projects: new Map(projects.map((project) => [project.openstackId, project])),
      isEverything: true,
      policies: { ...policies, ...changes },
      deploymentId: await this.app.app.get(DeploymentService, { strict: false }).deploymentId(),
    };
  }
}
