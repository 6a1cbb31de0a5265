import { Injectable, Logger } from '@nestjs/common';
import { MetricRegistry, type GaugeReading, type Sample } from '../common/metrics.js';
import { Database } from '../database/database.js';
import { MetricsRepository } from './metrics.repository.js';

/** What the tables said last is said again for this long, however often it is asked for; milliseconds. */
const keptMs = 5_000;
/** The oldest observation is looked for in every row: less often. */
const agesKeptMs = 15_000;

interface Snapshot {
  readonly operations: Awaited<ReturnType<MetricsRepository['openOperations']>>;
  readonly orphans: Awaited<ReturnType<MetricsRepository['orphans']>>;
  readonly leases: Awaited<ReturnType<MetricsRepository['leases']>>;
  readonly sweep: Awaited<ReturnType<MetricsRepository['newestSweep']>>;
  readonly findings: Awaited<ReturnType<MetricsRepository['findings']>>;
}

type Ages = Awaited<ReturnType<MetricsRepository['observedAges']>>;

/** The text that Prometheus reads: what this process counted, and what the tables say, where MySQL can be reached. */
@Injectable()
export class MetricsService {
  private readonly logger = new Logger(MetricsService.name);
  private readonly snapshot: Kept<Snapshot>;
  private readonly ages: Kept<Ages>;

  constructor(
    private readonly registry: MetricRegistry,
    database: Database,
    rows: MetricsRepository,
  ) {
    const failed = (error: unknown): void => {
      this.logger.debug({ error: String(error) }, 'metrics of the tables are left out');
    };
    this.snapshot = new Kept(
      keptMs,
      () =>
        database.read(async (manager) => ({
          operations: await rows.openOperations(manager),
          orphans: await rows.orphans(manager),
          leases: await rows.leases(manager),
          sweep: await rows.newestSweep(manager),
          findings: await rows.findings(manager),
        })),
      failed,
    );
    this.ages = new Kept(agesKeptMs, () => database.read((manager) => rows.observedAges(manager)), failed);
    this.register();
  }

  async text(): Promise<string> {
    await this.snapshot.refresh();
    if (this.snapshot.value !== null) await this.ages.refresh();
    return this.registry.text();
  }

  private register(): void {
    const { registry } = this;
    const gauge = (name: string, help: string, read: (snapshot: Snapshot) => GaugeReading): void => {
      registry.gauge({ name: `cloud_api_${name}`, help }, () =>
        this.snapshot.value === null ? null : read(this.snapshot.value),
      );
    };
    registry.gauge(
      { name: 'cloud_api_database_reachable', help: 'Whether MySQL answered the last look for metrics (1 or 0).' },
      () => (this.snapshot.value === null ? 0 : 1),
    );
    gauge('operations', 'Operations that have not ended, of all replicas.', ({ operations }) =>
      operations.map(({ kind, state, count }) => ({ labels: { kind, state }, value: count })),
    );
    gauge('operation_oldest_seconds', 'Age of the oldest operation that has not ended; 0 without one.', (seen) =>
      Math.max(0, ...seen.operations.map(({ oldestSeconds }) => oldestSeconds)),
    );
    gauge('operations_needing_attention', 'Undos that keep failing: somebody should look at them.', (seen) =>
      seen.operations.reduce((sum, { state, count }) => sum + (state === 'NEEDS_ATTENTION' ? count : 0), 0),
    );
    gauge('orphans', 'Objects in OpenStack that were made here and that no row owns.', ({ orphans }) =>
      orphans.map(({ type, count }) => ({ labels: { type }, value: count })),
    );
    gauge('lease_epoch', 'How often the lease of a loop was taken.', ({ leases }) =>
      leases.map(({ name, epoch }) => ({ labels: { lease: leaseLabel(name) }, value: epoch })),
    );
    gauge('lease_held', 'Whether some replica holds the lease of a loop now (1 or 0).', ({ leases }) =>
      leases.map(({ name, isHeld }) => ({ labels: { lease: leaseLabel(name) }, value: isHeld ? 1 : 0 })),
    );
    gauge(
      'sweep_duration_seconds',
      'How long the newest sweep over all projects took to read OpenStack.',
      ({ sweep }) => (sweep === null ? null : sweep.seconds),
    );
    gauge('sweep_age_seconds', 'How long ago the newest sweep over all projects had read OpenStack.', ({ sweep }) =>
      sweep === null ? null : sweep.ageSeconds,
    );
    gauge(
      'sweep_complete',
      'Whether the newest sweep over all projects read every list to its end (1 or 0).',
      (seen) => (seen.sweep === null ? null : Number(seen.sweep.isComplete)),
    );
    gauge('findings', 'Differences between the record and OpenStack that the newest run found.', ({ findings }) =>
      findings.map(({ type, state, count }) => ({ labels: { type, state }, value: count })),
    );
    registry.gauge(
      {
        name: 'cloud_api_observed_age_seconds',
        help: 'Since when the resource that was seen longest ago was not seen in OpenStack, by type.',
      },
      () => agesOf(this.snapshot.value === null ? null : this.ages.value),
    );
    registry.gauge({ name: 'cloud_api_process_resident_memory_bytes', help: 'Memory of this process.' }, () =>
      process.memoryUsage.rss(),
    );
    registry.gauge({ name: 'cloud_api_process_uptime_seconds', help: 'Since this process began.' }, () =>
      process.uptime(),
    );
  }
}

function agesOf(ages: Ages | null): readonly Sample[] | null {
  return ages?.map(({ type, seconds }) => ({ labels: { type }, value: seconds })) ?? null;
}

/** Leases are named after loops; what follows the loop's name, e.g. a scope, is none of a label's business. */
function leaseLabel(name: string): string {
  return name.replace(/[0-9a-f]{8,}|\d{3,}/g, '*');
}

/** A value that is fetched at most every `keptMs`, once however many ask; null when it could not be had. */
class Kept<T> {
  value: T | null = null;
  private fetchedAt = -Infinity;
  private fetching: Promise<void> | null = null;

  constructor(
    private readonly keptMs: number,
    private readonly fetch: () => Promise<T>,
    private readonly onFailure: (error: unknown) => void,
  ) {}

  async refresh(): Promise<void> {
    if (performance.now() - this.fetchedAt < this.keptMs) return;
    this.fetching ??= this.fetchOnce().finally(() => {
      this.fetching = null;
    });
    await this.fetching;
  }

  private async fetchOnce(): Promise<void> {
    try {
      this.value = await this.fetch();
    } catch (error) {
      this.value = null;
      this.onFailure(error);
    }
    this.fetchedAt = performance.now();
  }
}
