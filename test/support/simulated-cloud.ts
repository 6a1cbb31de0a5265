import { seed } from '../../simulator/seed.js';
import type { Credentials } from './api.js';

/**
 * The people of the simulator's seed. `demo` and `mate` are members of project `demo`, `viewer` is a reader there; `other` is a member of
 * project `other`; `admin` is the service account and an admin.
 */
export const accountNames = ['demo', 'mate', 'viewer', 'other', 'admin'] as const;
export type AccountName = (typeof accountNames)[number];

export function credentialsOf(account: AccountName): Credentials {
  return { account_id: account, password: seed.users[account].password };
}

/** How the API finds a simulator and logs in there. */
export function settingsFor(simulatorUrl: string): Readonly<Record<string, string>> {
  return {
    OS_AUTH_URL: `${simulatorUrl}/identity/v3`,
    OS_USERNAME: 'admin',
    OS_PASSWORD: credentialsOf('admin').password,
    OS_PROJECT_NAME: 'admin',
    OS_USER_DOMAIN_ID: 'default',
    OS_PROJECT_DOMAIN_ID: 'default',
    OS_REGION_NAME: 'RegionOne',
  };
}
