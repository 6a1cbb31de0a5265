import { startSimulator } from '../simulator/simulator.js';
import { openstackSettings } from '../src/config/openstack-settings.js';
import { credentialsOf, settingsFor, type AccountName } from '../test/support/simulated-cloud.js';
import { isFree } from './port.js';

const simulatorPort = 5050;

export interface DemoAccount {
  readonly account_id: string;
  readonly password: string;
  readonly role: 'reader' | 'member' | 'admin';
}

/** The OpenStack of a demo: the simulator, or clouds of clouds.yaml. */
export interface DemoCloud {
  /** Keystone. */
  readonly openstack: string;
  /** The simulator's own address; null for a real OpenStack. */
  readonly simulator: string | null;
  /** The API's way there. */
  readonly settings: Readonly<Record<string, string>>;
  readonly walker: DemoAccount;
  /** Name or OpenStack id of the project in which the walk happens; null: the walker's first. */
  readonly projectOfWalker: string | null;
  readonly others: readonly DemoAccount[];
}

/** The demo's OpenStack cannot be had; the message is one line for a person. */
export class CloudProblem extends Error {}

export async function simulatedCloud(): Promise<DemoCloud & { stop(): Promise<void> }> {
  if (!(await isFree(simulatorPort))) {
    throw new CloudProblem(
      `Port ${String(simulatorPort)} is in use: a simulator or another demo is running already; stop it first.`,
    );
  }
  const simulator = await startSimulator({ port: simulatorPort });
  const settings = settingsFor(simulator.url);
  const account = (name: AccountName, role: DemoAccount['role']): DemoAccount => ({
    account_id: name,
    password: credentialsOf(name).password,
    role,
  });
  return {
    openstack: settings['OS_AUTH_URL'] ?? simulator.url,
    simulator: simulator.url,
    settings,
    walker: account('demo', 'member'),
    projectOfWalker: 'demo',
    others: [
      account('mate', 'member'),
      account('viewer', 'reader'),
      account('other', 'member'),
      account('admin', 'admin'),
    ],
    stop: async () => simulator.close(),
  };
}

/** `service` is the entry of clouds.yaml for the API's own account, `person` the one that the walk logs in as. */
export function realCloud(service: string, person: string): DemoCloud {
  const file = process.env['OS_CLIENT_CONFIG_FILE'];
  const place = file === undefined ? {} : { OS_CLIENT_CONFIG_FILE: file };
  const [api, walker] = [service, person].map((cloud) => readCloud({ OS_CLOUD: cloud, ...place }));
  if (api === undefined || walker === undefined) throw new CloudProblem('--cloud and --as belong together');
  return {
    openstack: api.authUrl,
    simulator: null,
    settings: { OS_CLOUD: service, ...place },
    walker: { account_id: walker.account_id, password: walker.password, role: 'member' },
    projectOfWalker: walker.project,
    others: [{ account_id: api.account_id, password: api.password, role: 'admin' }],
  };
}

function readCloud(values: Readonly<Record<string, string>>): {
  readonly authUrl: string;
  readonly account_id: string;
  readonly password: string;
  readonly project: string;
} {
  const problems: string[] = [];
  const settings = openstackSettings(values, (problem) => problems.push(problem));
  if (settings === null) throw new CloudProblem(problems.join('; '));
  const { user, project, password, authUrl } = settings;
  if (!('name' in user))
    throw new CloudProblem(
      `OS_CLOUD ${values['OS_CLOUD'] ?? ''}: the demo logs in by name, so clouds.yaml must give the username`,
    );
  return { authUrl, account_id: user.name, password, project: 'name' in project ? project.name : project.id };
}
