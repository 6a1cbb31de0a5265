import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { openstackSettings, type OpenStackSettings } from './openstack-settings.js';

const minute = 60_000;
const hour = 60 * minute;

const milliseconds = (defaultMs: number, minMs = 1) => z.coerce.number().int().min(minMs).default(defaultMs);
const count = (defaultCount: number, min = 1, max = 10_000) =>
  z.coerce.number().int().min(min).max(max).default(defaultCount);
const names = z.string().transform((value) =>
  value
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== ''),
);
const origins = names.superRefine((given, context) => {
  const wrong = given.filter((entry) => !isOrigin(entry) && !(entry === '*' && given.length === 1));
  if (wrong.length === 0) return;
  const message = `${wrong.join(', ')}: every entry must be an origin as browsers send it, e.g. https://console.example.com or http://localhost:5173, or * the only one`;
  context.addIssue({ code: 'custom', message });
});
const flag = (defaultValue: boolean) =>
  z
    .enum(['true', 'false'])
    .default(defaultValue ? 'true' : 'false')
    .transform((value) => value === 'true');

const schema = z.object({
  HOST: z.string().min(1).default('0.0.0.0'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(3000),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  /** Addresses or CIDRs of proxies whose X-Forwarded-For is believed; none by default. */
  TRUSTED_PROXIES: names.default([]),
  /** Origins whose pages may use the API from a browser; `*`: all; none by default. */
  CORS_ORIGINS: origins.default([]),
  DOCS: flag(true),
  /** Whether /admin/ui, the page of administrators, is served. */
  ADMIN_PAGE: flag(true),
  /** Whether /metrics is answered, for Prometheus; without a port of its own, on PORT. */
  METRICS: flag(true),
  METRICS_PORT: z.coerce.number().int().min(0).max(65_535).default(0),
  /** At least 32 characters. Signs access tokens and derives every other key. */
  SECRET_KEY: z.string().min(32, 'must have at least 32 characters'),

  DB_HOST: z.string().min(1).default('127.0.0.1'),
  DB_PORT: z.coerce.number().int().min(1).max(65_535).default(3306),
  DB_USER: z.string().min(1).default('cloud_api'),
  DB_PASSWORD: z.string().default(''),
  DB_NAME: z
    .string()
    .regex(/^[A-Za-z0-9_$-]{1,64}$/)
    .default('cloud_api'),
  DB_POOL_SIZE: count(20, 2, 1000),
  /** A statement or a wait for a pooled connection that takes longer fails: a frozen server must not hang a request. */
  DB_TIMEOUT_MS: milliseconds(10_000),
  DB_POOL_WAIT_MS: milliseconds(2_000),

  /** Names or ids of the projects that this installation manages; default: all of the domain but `admin` and `service`. */
  MANAGED_PROJECTS: names.default([]),
  /** Names or ids of projects on which role `admin` makes a person an admin here; default: the service account's project. */
  ADMIN_PROJECTS: names.default([]),
  ACCESS_TOKEN_MS: milliseconds(15 * minute, 1000),
  REFRESH_TOKEN_MS: milliseconds(30 * 24 * hour, 1000),
  /** How long a refresh token that was used already gets the same answer again: for a client that did not hear it. */
  REFRESH_GRACE_MS: milliseconds(30_000, 0),
  /** Whether strangers may make themselves an account. */
  SIGN_UP: z.enum(['open', 'closed']).default('open'),
  /** Accounts asked for from one address, by all replicas together. */
  SIGN_UPS_PER_HOUR: count(20),
  /** Who may bring people into a project and take them out of it. */
  MEMBER_MANAGEMENT: z.enum(['member', 'admin']).default('member'),
  LOGIN_FAILURES_PER_ACCOUNT: count(5),
  LOGIN_FAILURES_PER_ADDRESS: count(50),
  LOGIN_FAILURE_WINDOW_MS: milliseconds(15 * minute, 1000),

  /** Requests a second and at once, of one session and of one address; each replica counts for itself. 0: no limit. */
  RATE_LIMIT_SESSION: count(100, 0),
  RATE_LIMIT_SESSION_BURST: count(200),
  RATE_LIMIT_ADDRESS: count(200, 0),
  RATE_LIMIT_ADDRESS_BURST: count(400),
  /** How often a minute a session may have OpenStack looked at anew for one of its things. 0: no limit. */
  REFRESHES_PER_MINUTE: count(10, 0),

  LEASE_MS: milliseconds(60_000),
  HTTP_TIMEOUT_MS: milliseconds(20_000),
  LEASE_MARGIN_MS: milliseconds(5_000),
  /** How long a call whose outcome is unknown may still take effect. */
  SETTLING_MS: milliseconds(30_000),
  /** How long ERROR must last during a build before it is believed. */
  ERROR_BELIEF_MS: milliseconds(60_000),
  DEADLINE_SERVER_CREATE_MS: milliseconds(30 * minute),
  DEADLINE_IMAGE_COPY_MS: milliseconds(2 * hour),
  DEADLINE_DEFAULT_MS: milliseconds(15 * minute),
  /** Longest time that an operation waits for an OpenStack that is away. */
  QUEUE_MAX_MS: milliseconds(24 * hour),
  POLL_FIRST_MS: milliseconds(250),
  POLL_MAX_MS: milliseconds(30_000),
  BACKOFF_FIRST_MS: milliseconds(1_000),
  BACKOFF_MAX_MS: milliseconds(60_000),
  NEEDS_ATTENTION_MS: milliseconds(5 * minute),
  /** An operation that stands at one step for longer is shown to administrators as stuck. */
  OPERATION_SLOW_MS: milliseconds(10 * minute),
  HOT_LOOP_MS: milliseconds(1_000),
  IDENTITY_SWEEP_MS: milliseconds(60_000),
  /** How often what OpenStack lists as changed is taken over, and how often everything is compared. 0: only on demand. */
  DELTA_MS: milliseconds(30_000, 0),
  SWEEP_MS: milliseconds(30 * minute, 0),
  ORPHAN_SWEEP_MS: milliseconds(30 * minute),
  /** What happens to objects that we made twice or left over: deleted on second sight, or only reported in the log. */
  ORPHAN_POLICY: z.enum(['delete', 'report']).default('delete'),
  DRAIN_MS: milliseconds(25_000),
  SYNC_WAIT_MS: milliseconds(8_000, 0),
  CATALOG_MS: milliseconds(60_000, 0),
  OPERATIONS_PER_REPLICA: count(64),
  /** Concurrent calls to one OpenStack service from one replica. */
  OPENSTACK_CONCURRENCY: count(8),

  /** Crash tests only: `name[:n]`. */
  FAILPOINT: z.string().default(''),
});

type Parsed = z.infer<typeof schema>;

/** Every setting, typed; made once at the start and injected. */
export class Config {
  constructor(
    readonly settings: Readonly<Parsed>,
    readonly openstack: OpenStackSettings,
  ) {}
}

/** A setting that stops the start; the message names the variable and says what is allowed. */
export class ConfigError extends Error {}

/**
 * Reads the settings from environment variables. `NAME_FILE` gives the file that holds the value of a secret `NAME`. Unset and empty mean the
 * default.
 *
 * @throws ConfigError naming every variable that is wrong, one a line.
 */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const values = withFiles(env);
  const problems: string[] = [];
  const parsed = schema.safeParse(values);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) {
      const name = issue.path.join('.');
      problems.push(
        values[name] === undefined ? `${name} must be set (${issue.message})` : `${name}: ${issue.message}`,
      );
    }
  }
  const openstack = openstackSettings(values, (problem) => problems.push(problem));
  if (parsed.success) problems.push(...contradictions(parsed.data));
  if (!parsed.success || openstack === null || problems.length > 0) throw new ConfigError(problems.join('\n'));
  return new Config(parsed.data, openstack);
}

/** As browsers send it: small letters, no default port, no path; with a wildcard it would be equal to none. */
function isOrigin(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, host } = new URL(value);
  return host !== '' && !host.includes('*') && value === `${protocol}//${host}`;
}

const secrets = ['SECRET_KEY', 'DB_PASSWORD', 'OS_PASSWORD'];

function withFiles(env: Readonly<Record<string, string | undefined>>): Record<string, string | undefined> {
  const values = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  for (const name of secrets) {
    const file = values[`${name}_FILE`];
    if (file === undefined) continue;
    if (values[name] !== undefined) throw new ConfigError(`${name} and ${name}_FILE are both set; set one of them`);
    try {
      values[name] = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
    } catch (error) {
      const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
      throw new ConfigError(`${name}_FILE: cannot read ${file} (${reason})`, { cause: error });
    }
  }
  return values;
}

function contradictions(settings: Parsed): string[] {
  const shortest = 2 * (settings.HTTP_TIMEOUT_MS + settings.LEASE_MARGIN_MS);
  const isShared = settings.METRICS_PORT !== 0 && settings.METRICS_PORT === settings.PORT;
  const ports = isShared ? ['METRICS_PORT must be another port than PORT, or 0 for the same one'] : [];
  return settings.LEASE_MS > shortest
    ? ports
    : [
        ...ports,
        `LEASE_MS must be more than 2 × (HTTP_TIMEOUT_MS + LEASE_MARGIN_MS) = ${String(shortest)}; it is ${String(settings.LEASE_MS)}`,
      ];
}
