import { readConfig, type Config } from '../../src/config/config.js';

/** Everything that lasts seconds or minutes in production, shrunk alike; nothing else differs. */
export const quickTimings: Readonly<Record<string, string>> = {
  LEASE_MS: '3000',
  HTTP_TIMEOUT_MS: '1200',
  LEASE_MARGIN_MS: '200',
  SETTLING_MS: '1000',
  ERROR_BELIEF_MS: '400',
  DEADLINE_SERVER_CREATE_MS: '30000',
  DEADLINE_IMAGE_COPY_MS: '60000',
  DEADLINE_DEFAULT_MS: '20000',
  POLL_FIRST_MS: '50',
  POLL_MAX_MS: '300',
  BACKOFF_FIRST_MS: '50',
  BACKOFF_MAX_MS: '500',
  NEEDS_ATTENTION_MS: '500',
  HOT_LOOP_MS: '100',
  IDENTITY_SWEEP_MS: '500',
  // What a test changes behind the service's back stays as it is, unless the test is about reconciliation.
  DELTA_MS: '0',
  SWEEP_MS: '0',
  ORPHAN_SWEEP_MS: '1000',
  DRAIN_MS: '3000',
  CATALOG_MS: '200',
  DB_POOL_SIZE: '10',
};

/** What a test may overrule; the OpenStack that it names is nowhere. */
export const testSettings: Readonly<Record<string, string>> = {
  ...quickTimings,
  HOST: '127.0.0.1',
  PORT: '0',
  LOG_LEVEL: 'silent',
  // Tests are many clients in one.
  RATE_LIMIT_SESSION: '0',
  RATE_LIMIT_ADDRESS: '0',
  REFRESHES_PER_MINUTE: '0',
  SECRET_KEY: 'a key for tests that nobody else would ever use',
  OS_AUTH_URL: 'http://127.0.0.1:9/identity/v3',
  OS_USERNAME: 'admin',
  OS_PASSWORD: 'none',
  OS_PROJECT_NAME: 'admin',
  OS_USER_DOMAIN_ID: 'default',
  OS_PROJECT_DOMAIN_ID: 'default',
  OS_REGION_NAME: 'RegionOne',
};

export function testConfig(settings: Readonly<Record<string, string>>): Config {
  return readConfig({ ...testSettings, ...settings });
}
