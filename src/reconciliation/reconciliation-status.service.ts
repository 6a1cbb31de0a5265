import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { openstackServices } from '../openstack/openstack-call.js';
import { OpenStackConnection } from '../openstack/openstack-connection.js';
import { Loops, type LoopPurpose } from './loops.js';
import { PauseRepository, type Pause } from './pause.repository.js';
import {
  ReconciliationStatusRepository,
  type LeaseRow,
  type StuckOperationRow,
  type SweepRow,
  type WatermarkRow,
} from './reconciliation-status.repository.js';

export interface LoopStatus extends LeaseRow {
  /** Null for one that is not known here. */
  readonly purpose: LoopPurpose | null;
  /** Milliseconds since it was last completed; null: never. */
  readonly lagMs: number | null;
}

export interface WatermarkStatus extends WatermarkRow {
  readonly lagMs: number;
}

export interface ReconciliationStatus {
  readonly loops: readonly LoopStatus[];
  readonly lastSweep: SweepRow | null;
  readonly watermarks: readonly WatermarkStatus[];
  readonly paused: Pause | null;
  readonly oldestStuckOperation: StuckOperationRow | null;
  /** As this replica sees them. */
  readonly services: readonly { readonly name: string; readonly isReachable: boolean | null }[];
}

/** How reconciliation stands: what an administrator looks at first. */
@Injectable()
export class ReconciliationStatusService {
  constructor(
    private readonly database: Database,
    private readonly connection: OpenStackConnection,
    private readonly loops: Loops,
    private readonly pauses: PauseRepository,
    private readonly status: ReconciliationStatusRepository,
  ) {}

  async get(): Promise<ReconciliationStatus> {
    const reachability = this.connection.reachability();
    return this.database.read(async (manager) => {
      const now = await this.status.now(manager);
      const lag = (since: Date): number => Math.max(0, now.getTime() - since.getTime());
      const sweep = await this.status.sweepLease(manager);
      const leases = [...(await this.status.leases(manager)), ...(sweep === null ? [] : [sweep])];
      const watermarks = await this.status.watermarks(manager);
      return {
        loops: leases.map((lease) => ({
          ...lease,
          purpose: this.loops.purposeOf(lease.name),
          lagMs: lease.completedAt === null ? null : lag(lease.completedAt),
        })),
        lastSweep: await this.status.lastSweep(manager),
        watermarks: watermarks.map((watermark) => ({ ...watermark, lagMs: lag(watermark.seenUntil) })),
        paused: await this.pauses.find(manager),
        oldestStuckOperation: await this.status.oldestStuckOperation(manager),
        services: openstackServices.map((name) => ({ name, isReachable: reachability.get(name) ?? null })),
      };
    });
  }
}
