import { randomUUID } from 'node:crypto';
import type { Connection, ResultSetHeader, RowDataPacket } from 'mysql2/promise';

/** A difference as a run recorded it. */
export interface FoundDifference extends RowDataPacket {
  readonly id: number;
  readonly type: string;
  readonly resource_type: string;
  readonly resource_id: number | null;
  readonly openstack_id: string | null;
  readonly project_id: number | null;
  readonly before_facts: Readonly<Record<string, unknown>> | null;
  readonly after_facts: Readonly<Record<string, unknown>> | null;
  readonly action: string | null;
  readonly is_allowed: number;
  readonly reason: string | null;
  readonly state: string;
}

export interface FoundPlan {
  readonly id: number;
  readonly isComplete: boolean;
  readonly findings: readonly FoundDifference[];
}

interface RunRow extends RowDataPacket {
  readonly state: string;
  readonly is_complete: number;
}

const withinMs = 20_000;

/** Runs of reconciliation over all projects, asked for and read past the API. */
export class Reconciliations {
  constructor(
    private readonly database: Connection,
    private readonly resourceTypes: readonly string[],
  ) {}

  /** Keeps the loops from being quicker than the test. */
  async pauseLoops(): Promise<void> {
    await this.setPolicy('pause', { userId: null, since: new Date().toISOString() });
    await this.until(async () => {
      const [rows] = await this.database.query<RowDataPacket[]>(
        'SELECT 1 FROM reconciliation_run WHERE active_scope_key IS NOT NULL',
      );
      return rows.length === 0;
    });
  }

  async setPolicies(policies: Readonly<Record<string, unknown>>): Promise<void> {
    await this.setPolicy('reconciliation', policies);
  }

  async dryRun(): Promise<FoundPlan> {
    const [{ insertId }] = await this.database.query<ResultSetHeader>(
      `INSERT INTO reconciliation_run (origin, mode, scope_key, resource_types, lease_until)
       VALUES ('admin', 'dry_run', ?, ?, NOW(3) - INTERVAL 1 SECOND)`,
      [`admin:${randomUUID()}`, JSON.stringify(this.resourceTypes)],
    );
    return this.ended(insertId, 'PLANNED');
  }

  /** Everything that the policies allow. */
  async apply({ id }: FoundPlan): Promise<FoundPlan> {
    await this.database.query(
      "UPDATE reconciliation_run SET state = 'APPLYING', lease_until = NOW(3) - INTERVAL 1 SECOND WHERE id = ?",
      [id],
    );
    return this.ended(id, 'DONE');
  }

  private async ended(id: number, state: string): Promise<FoundPlan> {
    let run: RunRow | undefined;
    await this.until(async () => {
      const [rows] = await this.database.query<RunRow[]>('SELECT * FROM reconciliation_run WHERE id = ?', [id]);
      run = rows[0];
      if (run?.state === 'FAILED') throw new Error(`run ${String(id)} failed: ${JSON.stringify(run)}`);
      return run?.state === state;
    });
    const [findings] = await this.database.query<FoundDifference[]>(
      'SELECT * FROM reconciliation_finding WHERE run_id = ? ORDER BY id',
      [id],
    );
    return { id, isComplete: run?.is_complete === 1, findings };
  }

  private async setPolicy(name: string, value: unknown): Promise<void> {
    await this.database.query(
      'INSERT INTO policy (name, value) VALUES (?, ?) AS new ON DUPLICATE KEY UPDATE value = new.value',
      [name, JSON.stringify(value)],
    );
  }

  private async until(is: () => Promise<boolean>): Promise<void> {
    for (const end = Date.now() + withinMs; !(await is());) {
      if (Date.now() > end) throw new Error('the run did not come to its end');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** `TYPE resource_type before -> after` of each, for a glance. */
export function summary({ findings }: FoundPlan): readonly string[] {
  return findings.map(
    ({ type, resource_type: of, before_facts: before, after_facts: after }) =>
      `${type} ${of} ${Object.keys(before ?? after ?? {})
        .sort()
        .join(',')}`,
  );
}
