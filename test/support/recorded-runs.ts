import type { TestApp } from './app.js';
import { ReconciliationRequests, type FindingBody, type ReconciliationBody } from './reconciliations.js';

/** A run as it was recorded. */
export interface FoundPlan {
  readonly run: ReconciliationBody;
  readonly isComplete: boolean;
  readonly findings: readonly FindingBody[];
}

/** Runs over all projects about some types, asked for and carried out as an administrator does. */
export class Reconciliations {
  private constructor(
    private readonly runs: ReconciliationRequests,
    private readonly resourceTypes: readonly string[],
    /** As they are until somebody sets them. */
    private readonly policies: Readonly<Record<string, unknown>>,
  ) {}

  /** The loops are paused: none is quicker than the test. */
  static async of(app: TestApp, ...resourceTypes: readonly string[]): Promise<Reconciliations> {
    const admin = await app.login('admin');
    const runs = new ReconciliationRequests(admin);
    await runs.pause();
    const { body } = await admin.get<Record<string, unknown>>('/admin/reconciliation-policies');
    const { version: _version, ...policies } = body;
    return new Reconciliations(runs, resourceTypes, policies);
  }

  /** These, and the defaults of the others. */
  async setPolicies(changes: Readonly<Record<string, unknown>>): Promise<void> {
    const { status } = await this.runs.api.put('/admin/reconciliation-policies', { ...this.policies, ...changes });
    if (status !== 200) throw new Error(`PUT /admin/reconciliation-policies: ${String(status)}`);
  }

  async dryRun(): Promise<FoundPlan> {
    return this.found(await this.runs.plan({ resource_types: this.resourceTypes }), 'PLANNED');
  }

  /** Everything that the policies allow. */
  async apply({ run }: FoundPlan): Promise<FoundPlan> {
    const { status } = await this.runs.apply(run.id, { plan_hash: run.plan_hash });
    if (status !== 202) throw new Error(`the plan was not applied: ${String(status)}`);
    return this.found(await this.runs.settled(run.id), 'DONE');
  }

  private async found(run: ReconciliationBody, state: string): Promise<FoundPlan> {
    if (run.state !== state) throw new Error(`run ${String(run.id)} is ${JSON.stringify(run)}`);
    return { run, isComplete: run.complete, findings: await this.runs.findings(run.id, '?limit=200') };
  }
}

/** `TYPE resource_type facts` of each, for a glance. */
export function summary({ findings }: FoundPlan): readonly string[] {
  return findings.map(
    ({ type, resource_type: of, before, after }) =>
      `${type} ${of} ${Object.keys(before ?? after ?? {})
        .sort()
        .join(',')}`,
  );
}
