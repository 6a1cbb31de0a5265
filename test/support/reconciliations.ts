import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, ResultSetHeader } from 'mysql2/promise';
import type { FindingDraft } from '../../src/reconciliation/finding.js';
import {
  scopeKeyOf,
  type RunMode,
  type RunOrigin,
  type RunState,
} from '../../src/reconciliation/reconciliation-run-state.js';
import type { ResourceType } from '../../src/operation/operation-state.js';
import type { Answer, Api } from './api.js';

export interface ReconciliationBody {
  readonly id: number;
  readonly origin: string;
  readonly mode: string;
  readonly scope: { readonly project_ids: readonly number[] | null };
  readonly resource_types: readonly ResourceType[];
  readonly max_changes: number | null;
  readonly state: string;
  readonly plan_hash: string | null;
  readonly complete: boolean;
  readonly counts: Readonly<Record<string, number>>;
  readonly outcomes: Readonly<Record<'open' | 'applied' | 'skipped' | 'failed', number>>;
  readonly superseded_by: number | null;
  readonly error: { readonly code: string; readonly message: string } | null;
}

export interface FindingBody {
  readonly id: number;
  readonly type: string;
  readonly resource_type: string;
  readonly resource_id: number | null;
  readonly resource_name: string | null;
  readonly openstack_id: string | null;
  readonly project_id: number | null;
  readonly project_name: string | null;
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly after: Readonly<Record<string, unknown>> | null;
  readonly action: string | null;
  readonly allowed: boolean;
  readonly state: string;
  readonly reason: string | null;
}

const path = '/admin/reconciliations';

/** Requests about reconciliations, as an administrator. */
export class ReconciliationRequests {
  constructor(readonly api: Api) {}

  async post<T = ReconciliationBody>(body: Readonly<Record<string, unknown>>): Promise<Answer<T>> {
    return this.api.post<T>(path, body);
  }

  async get(id: number): Promise<ReconciliationBody> {
    return (await this.api.get<ReconciliationBody>(`${path}/${String(id)}`)).body;
  }

  async findings(id: number, query = ''): Promise<readonly FindingBody[]> {
    const answer = await this.api.get<{ findings: readonly FindingBody[] }>(`${path}/${String(id)}/findings${query}`);
    return answer.body.findings;
  }

  async apply<T = ReconciliationBody>(id: number, body: Readonly<Record<string, unknown>>): Promise<Answer<T>> {
    return this.api.post<T>(`${path}/${String(id)}/apply`, body);
  }

  async cancel<T = ReconciliationBody>(id: number): Promise<Answer<T>> {
    return this.api.post<T>(`${path}/${String(id)}/cancel`);
  }

  /** Waits until it is neither planning nor applying. */
  async settled(id: number, timeoutMs = 30_000): Promise<ReconciliationBody> {
    const answer = await this.api.until<ReconciliationBody>(
      `${path}/${String(id)}`,
      ({ body }) => !['PLANNING', 'APPLYING'].includes(body.state),
      timeoutMs,
    );
    return answer.body;
  }

  /** Pauses the loops, and waits until they rest. */
  async pause(): Promise<void> {
    const { status } = await this.api.post('/admin/reconciliation/pause');
    if (status !== 200) throw new Error(`POST /admin/reconciliation/pause: ${String(status)}`);
    await this.atRest();
  }

  async resume(): Promise<void> {
    const { status } = await this.api.post('/admin/reconciliation/resume');
    if (status !== 200) throw new Error(`POST /admin/reconciliation/resume: ${String(status)}`);
  }

  /** Waits until what was under way when the loops were paused has come to its end. */
  async atRest(timeoutMs = 30_000): Promise<void> {
    const end = Date.now() + timeoutMs;
    // A turn that saw no pause takes its lease a moment later.
    for (let quiet = 0; quiet < 2; quiet = (await this.isAtRest()) ? quiet + 1 : 0) {
      if (Date.now() > end) throw new Error('the loops do not rest');
      await sleep(150);
    }
  }

  private async isAtRest(): Promise<boolean> {
    // First the loops: a run that one of them has begun outlives its lease.
    const { body } = await this.api.get<{ loops: { owner: string | null }[] }>('/admin/reconciliation-status');
    if (body.loops.some(({ owner }) => owner !== null)) return false;
    for (const state of ['PLANNING', 'APPLYING']) {
      const runs = await this.api.get<{ reconciliations: readonly unknown[] }>(`${path}?state=${state}&limit=1`);
      if (runs.body.reconciliations.length > 0) return false;
    }
    return true;
  }

  /** A plan of these types, settled. */
  async plan(changes: Readonly<Record<string, unknown>> = {}): Promise<ReconciliationBody> {
    const answer = await this.post({ mode: 'dry_run', ...changes });
    if (answer.status !== 202) throw new Error(`POST ${path}: ${String(answer.status)} ${JSON.stringify(answer.body)}`);
    return this.settled(answer.body.id);
  }
}

export interface PlantedRun {
  readonly origin?: RunOrigin;
  readonly mode?: RunMode;
  readonly state: RunState;
  readonly projectIds?: readonly number[] | null;
  readonly resourceTypes?: readonly ResourceType[];
  readonly planHash?: string | null;
  readonly isComplete?: boolean;
  readonly findings?: readonly Partial<FindingDraft>[];
}

/** Writes a run with its findings as if it had been; nobody works on it. Returns its id. */
export async function plantRun(database: Connection, run: PlantedRun): Promise<number> {
  const origin = run.origin ?? 'admin';
  const scope = { projectIds: run.projectIds ?? null, resourceTypes: run.resourceTypes ?? (['server'] as const) };
  const [result] = await database.query<ResultSetHeader>(
    `INSERT INTO reconciliation_run (origin, mode, state, scope_key, project_ids, resource_types, plan_hash, is_complete, lease_owner,
       lease_until, started_at, planned_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'a test', NOW(3) + INTERVAL 1 HOUR, NOW(3), NOW(3))`,
    [
      origin,
      run.mode ?? 'dry_run',
      run.state,
      scopeKeyOf(origin, scope),
      scope.projectIds === null ? null : JSON.stringify(scope.projectIds),
      JSON.stringify(scope.resourceTypes),
      run.planHash ?? null,
      (run.isComplete ?? true) ? 1 : 0,
    ],
  );
  for (const finding of run.findings ?? []) await plantFinding(database, result.insertId, finding);
  return result.insertId;
}

async function plantFinding(database: Connection, runId: number, finding: Partial<FindingDraft>): Promise<void> {
  const json = (value: unknown): string | null =>
    value === undefined || value === null ? null : JSON.stringify(value);
  await database.query(
    `INSERT INTO reconciliation_finding
       (run_id, type, resource_type, resource_id, openstack_id, project_id, before_facts, after_facts, action, is_allowed, reason, evidence,
        first_seen_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NOW(3))`,
    [
      runId,
      finding.type ?? 'STATUS_DRIFT',
      finding.resourceType ?? 'server',
      finding.resourceId ?? null,
      finding.openstackId ?? null,
      finding.projectId ?? null,
      json(finding.before),
      json(finding.after),
      finding.action ?? null,
      finding.allowed === true ? 1 : 0,
      finding.reason ?? null,
      JSON.stringify(finding.evidence ?? []),
    ],
  );
}
