import { expect } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { TestApp } from './app.js';
import { readRecord, withoutSights } from './record.js';
import { ReconciliationRequests, type FindingBody, type ReconciliationBody } from './reconciliations.js';
import { connect } from './schema.js';
import { objectsOf } from './simulated-objects.js';

/** What is to be found, and what is given as the reason of each finding. */
export interface Expectation {
  readonly complete: boolean;
  readonly counts: Readonly<Record<string, number>>;
  readonly reason?: RegExp;
}

const path = '/admin/reconciliations?origin=sweep';

/** Loops that come round quickly: for an app whose view of OpenStack is looked at. */
export const quickLoops = { SWEEP_MS: '600', DELTA_MS: '250', ORPHAN_SWEEP_MS: '600', IDENTITY_SWEEP_MS: '3600000' };

/** Looks at OpenStack from every side, and holds the record against what it was. The loops rest in between. */
export class Looks {
  private constructor(
    private readonly app: TestApp,
    readonly runs: ReconciliationRequests,
    readonly database: Connection,
  ) {}

  static async of(app: TestApp): Promise<Looks> {
    const looks = new Looks(app, new ReconciliationRequests(await app.login('admin')), await connect(app.schema));
    await looks.untilDefaultGroups();
    await looks.pause();
    return looks;
  }

  async close(): Promise<void> {
    await this.database.end();
  }

  async setPolicies(changes: Readonly<Record<string, unknown>>): Promise<void> {
    const { body } = await this.runs.api.get<Record<string, unknown>>('/admin/reconciliation-policies');
    const { version: _version, ...policies } = body;
    const { status } = await this.runs.api.put('/admin/reconciliation-policies', { ...policies, ...changes });
    expect(status).toBe(200);
  }

  async pause(): Promise<void> {
    await this.runs.pause();
  }

  async resume(): Promise<void> {
    await this.runs.resume();
  }

  /**
   * A dry run, its application, an administrator's run that applies, and the loops: each finds what is expected and applies none of it,
   * and no row has another value in any column afterwards. Returns what the dry run found.
   */
  async changesNothing(expected: Expectation): Promise<readonly FindingBody[]> {
    const { runs, database } = this;
    const [before, objects] = [await readRecord(database), this.objects()];
    const plan = await runs.plan();
    expect(plan.state).toBe('PLANNED');
    const findings = await this.holds(plan, expected);
    expect(await readRecord(database)).toEqual(before);

    expect((await runs.apply(plan.id, { plan_hash: plan.plan_hash })).status).toBe(202);
    const applied = await runs.settled(plan.id);
    expect(applied.state).toBe('DONE');
    await this.holds(applied, expected);
    const { body } = await runs.post({ mode: 'apply' });
    const asked = await runs.settled(body.id);
    expect(asked.state).toBe('DONE');
    await this.holds(asked, expected);
    expect(await readRecord(database)).toEqual(before);

    for (const sweep of await this.sweeps()) await this.holds(sweep, expected);
    expect(withoutSights(await readRecord(database))).toEqual(withoutSights(before));
    expect(this.objects()).toEqual(objects);
    return findings;
  }

  /** The view is back, and believed again: at once, or with the next probe of a service that had failed. */
  async isBelievedAgain(): Promise<void> {
    let plan = await this.runs.plan();
    for (let again = 0; again < 50 && !plan.complete; again += 1) {
      await sleep(100);
      plan = await this.runs.plan();
    }
    const findings = await this.runs.findings(plan.id);
    expect([plan.complete, findings.map(({ type, reason }) => [type, reason])]).toEqual([true, []]);
  }

  /** Until each project's own group is in the record: what a pause keeps out would be found. */
  private async untilDefaultGroups(): Promise<void> {
    for (const end = Date.now() + 20_000; ;) {
      const [rows] = await this.database.query<RowDataPacket[]>(
        `SELECT p.name FROM project p WHERE p.deleted_at IS NULL AND p.enabled = 1 AND NOT EXISTS (
           SELECT 1 FROM security_group g WHERE g.project_id = p.id AND g.is_default = 1 AND g.deleted_at IS NULL)`,
      );
      if (rows.length === 0) return;
      if (Date.now() > end) throw new Error(`projects have no default group: ${JSON.stringify(rows)}`);
      await sleep(50);
    }
  }

  private async holds(run: ReconciliationBody, expected: Expectation): Promise<readonly FindingBody[]> {
    const findings = await this.runs.findings(run.id, '?limit=200');
    expect([run.complete, run.counts, findings]).toEqual([expected.complete, expected.counts, expect.anything()]);
    // What a run of an administrator leaves is closed with its reason; what a sweep leaves, the next one finds again.
    const left = run.origin === 'admin' && run.state === 'DONE' ? 'SKIPPED' : 'OPEN';
    expect(findings.filter(({ state, allowed }) => state !== left || allowed)).toEqual([]);
    const { reason } = expected;
    if (reason !== undefined) for (const finding of findings) expect(finding.reason).toMatch(reason);
    return findings;
  }

  /** Two sweeps that began from now on, with turns of the lists of changes and of the sweep for orphans beside them. */
  private async sweeps(): Promise<readonly ReconciliationBody[]> {
    const { api } = this.runs;
    const newest = await api.get<{ reconciliations: ReconciliationBody[] }>(`${path}&limit=1`);
    const before = newest.body.reconciliations[0]?.id ?? 0;
    await this.resume();
    const { body } = await api.until<{ reconciliations: ReconciliationBody[] }>(
      `${path}&state=DONE&limit=10`,
      (answer) => answer.body.reconciliations.filter(({ id }) => id > before).length >= 2,
      30_000,
    );
    await this.pause();
    return body.reconciliations.filter(({ id }) => id > before);
  }

  private objects(): readonly string[] {
    return objectsOf(this.app.simulator).map(({ type, id }) => `${type} ${id}`);
  }
}
