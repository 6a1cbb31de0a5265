import type { BulkOrder, BulkServer } from './bulk.js';
import type { Clock } from './clock.js';
import type { Cloud } from './cloud.js';
import type { Faults } from './faults.js';
import type { Inventory } from './inventory.js';
import type { Outside } from './outside.js';
import type { RequestLog } from './request-log.js';
import type { seed } from './seed.js';
import type { Quotas, Settings } from './settings.js';
import type { Service } from './wire.js';

/** A running simulator, for those who started it. All of it is in the control API too. */
export interface Simulator {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** For OS_AUTH_URL. */
  readonly authUrl: string;
  /** Where the service is, without version: its list of versions. */
  serviceUrl(service: Service): string;
  readonly seed: typeof seed;
  readonly clock: Clock;
  readonly faults: Faults;
  readonly log: RequestLog;
  readonly outside: Outside;
  /** Everything that the cloud holds, to look at. */
  readonly cloud: Cloud;
  readonly settings: Readonly<Settings>;
  /** Requests that were accepted and will be carried out later (`late-commit`, `delay_ms`). */
  readonly pendingCommits: number;

  /** Back to the seed: objects, settings, quotas, faults, log, clock, services; tokens are void. */
  reset(): void;
  configure(settings: Partial<Settings>): void;
  setQuotas(projectId: string, quotas: Partial<Quotas>): void;
  quotasOf(projectId: string): Quotas;
  inventory(options?: { readonly isMarked?: boolean }): Inventory;
  /** @throws WrongOrder */
  bulk(order: Partial<BulkOrder>): readonly BulkServer[];
  /**
   * A service that is down cuts every connection without reading. With `ports: 'each'` it does not listen at all, and connections
   * are refused; await `settled` before counting on it.
   */
  switchService(service: Service, way: 'down' | 'up'): void;
  downServices(): readonly Service[];
  settled(): Promise<void>;
  close(): Promise<void>;
}
