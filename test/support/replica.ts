import { ApiProcess } from '../../scripts/api-process.js';
import { freePort } from '../../scripts/port.js';
import { testSettings } from './settings.js';

export interface ReplicaOptions {
  /** Over `testSettings`; those of a schema and of an OpenStack have to be among them. */
  readonly settings: Readonly<Record<string, string>>;
  /** `name` or `name:n`: the process kills itself there. */
  readonly failpoint?: string;
  /** A free port when left out. The same one again is how a client finds a replica that was restarted. */
  readonly port?: number;
}

/**
 * Starts the built API (`dist/`) as a process, with the timings of tests, and waits until it answers.
 *
 * @throws ApiDidNotStart
 */
export async function startReplica(options: ReplicaOptions): Promise<ApiProcess> {
  const replica = await launchReplica(options);
  await replica.answers();
  return replica;
}

/** As `startReplica`, without waiting: for failpoints that may be reached before it answers. */
export async function launchReplica(options: ReplicaOptions): Promise<ApiProcess> {
  const { settings, failpoint = '', port = await freePort() } = options;
  return ApiProcess.launch({
    port,
    settings: { ...testSettings, LOG_LEVEL: 'info', ...settings, FAILPOINT: failpoint },
  });
}
