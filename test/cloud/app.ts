import type { Connection, RowDataPacket } from 'mysql2/promise';
import { readConfig } from '../../src/config/config.js';
import { DeploymentService } from '../../src/database/deployment.service.js';
import { Api, type Answer, type OperationBody } from '../support/api.js';
import { runApp, type RunningApp } from '../support/app.js';
import { FloatingIpRequests } from '../support/floating-ips.js';
import { connect, workerSchema } from '../support/schema.js';
import { SecurityGroupRequests } from '../support/security-groups.js';
import { ServerRequests } from '../support/servers.js';
import { testSettings } from '../support/settings.js';
import { VolumeRequests } from '../support/volumes.js';
import type { Cloud } from './cloud.js';

const never = '36000000';

/** Only what a person asks for happens: no loop looks at OpenStack by itself. */
const settings: Readonly<Record<string, string>> = {
  SYNC_WAIT_MS: '25000',
  IDENTITY_SWEEP_MS: never,
  ORPHAN_SWEEP_MS: never,
};

/** Tables whose rows stand for objects in OpenStack. */
export type Table = 'server' | 'volume' | 'network_interface' | 'floating_ip' | 'security_group' | 'user';

/** The app of this process in front of the cloud that the suite runs against; it manages the member's project alone. */
export class CloudApp {
  private constructor(
    private readonly running: RunningApp,
    readonly database: Connection,
    readonly admin: Api,
    readonly member: Api,
    readonly servers: ServerRequests,
    /** Which made an object: it stands in its marker. */
    readonly deployment: string,
  ) {}

  static async start(cloud: Cloud): Promise<CloudApp> {
    const schema = await workerSchema();
    const timings = Object.fromEntries(Object.entries(testSettings).filter(([name]) => !name.startsWith('OS_')));
    const running = await runApp(
      readConfig({
        ...timings,
        ...settings,
        MANAGED_PROJECTS: cloud.projectId,
        ...cloud.settings,
        ...schema.settings,
      }),
    );
    try {
      const login = async (account: 'admin' | 'member') => Api.login(running.url, await cloud.credentials(account));
      const [admin, member] = [await login('admin'), await login('member')];
      const deployment = await running.app.get(DeploymentService, { strict: false }).deploymentId();
      const servers = await ServerRequests.of(member);
      return new CloudApp(running, await connect(schema), admin, member, servers, deployment);
    } catch (error) {
      await running.close();
      throw error;
    }
  }

  get url(): string {
    return this.running.url;
  }

  /** Ours, of the member's project. */
  get projectId(): number {
    return this.member.login?.project_id ?? 0;
  }

  get volumes(): VolumeRequests {
    return new VolumeRequests(this.member);
  }

  get floatingIps(): FloatingIpRequests {
    return new FloatingIpRequests(this.member);
  }

  get securityGroups(): SecurityGroupRequests {
    return new SecurityGroupRequests(this.member);
  }

  /** What a request asked for has happened when this returns, whether its answer waited for that or not. */
  async done<T>(answer: Answer<T>, api = this.member): Promise<T> {
    const { status, body, headers } = answer;
    if (status >= 300) throw new Error(`${String(status)} ${JSON.stringify(body)}`);
    if (headers.get('location')?.includes('/operations/') !== true) return body;
    const operation: OperationBody = await api.finished(answer, 100_000);
    if (operation.state !== 'SUCCEEDED') throw new Error(JSON.stringify(operation));
    return body;
  }

  /** Whether it is deleted or not. */
  async row(table: Table, id: number): Promise<RowDataPacket> {
    const [rows] = await this.database.query<RowDataPacket[]>(`SELECT * FROM ${table} WHERE id = ?`, [id]);
    if (rows[0] === undefined) throw new Error(`${table} ${String(id)} has no row`);
    return rows[0];
  }

  async close(): Promise<void> {
    await this.database.end();
    await this.running.close();
  }
}
