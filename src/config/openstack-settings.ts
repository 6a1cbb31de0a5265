import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

type Interface = 'public' | 'internal' | 'admin';
type OverridableService = 'identity' | 'compute' | 'network' | 'volume' | 'image';

/** By id or by name, as Keystone takes it. */
type DomainReference = { readonly id: string } | { readonly name: string };
export type ScopedReference = { readonly id: string } | { readonly name: string; readonly domain: DomainReference };

/** Where OpenStack is and who the service account is. */
export interface OpenStackSettings {
  /** Keystone, ending in `/v3`. */
  readonly authUrl: string;
  readonly user: ScopedReference;
  readonly password: string;
  /** The project whose scope gives the admin rights. */
  readonly project: ScopedReference;
  /** Null: the first endpoint of a service counts, whatever its region. */
  readonly region: string | null;
  readonly interface: Interface;
  /** PEM of the authorities that are trusted instead of the usual ones. */
  readonly caCert: string | null;
  readonly endpointOverrides: Readonly<Partial<Record<OverridableService, string>>>;
}

type Values = Readonly<Record<string, string | undefined>>;
type Problem = (text: string) => void;

/** One setting that may come from either source, with the name to give it in a message. */
interface Setting {
  readonly value: string;
  readonly name: string;
}
type Lookup = (variable: string, ...keys: readonly string[]) => Setting | null;

/**
 * Reads OS_CLOUD with a clouds.yaml, or the OS_* variables. With OS_CLOUD, region, interface, CA and endpoints may still be given
 * by variable, and OS_PASSWORD where the file has none.
 *
 * @returns null after telling `problem` everything that is wrong.
 */
export function openstackSettings(values: Values, problem: Problem): OpenStackSettings | null {
  const problems: string[] = [];
  const settings = read(values, (text) => problems.push(text));
  problems.forEach(problem);
  return problems.length > 0 ? null : settings;
}

function read(values: Values, problem: Problem): OpenStackSettings | null {
  const cloudName = values['OS_CLOUD'];
  const cloud = cloudName === undefined ? null : readCloud(cloudName, values, problem);
  if (cloudName !== undefined && cloud === null) return null;
  const find = cloud === null ? fromVariables(values) : fromCloud(values, cloud);

  refuseOtherLogins(find, problem);
  const authUrl = authUrlOf(find, problem);
  const user = scopedReference(find, 'OS_USERNAME', 'username', 'OS_USER_ID', 'user_id', 'user', problem);
  const project = scopedReference(
    find,
    'OS_PROJECT_NAME',
    'project_name',
    'OS_PROJECT_ID',
    'project_id',
    'project',
    problem,
  );
  const password = find('OS_PASSWORD', 'password');
  if (password === null) problem(missing(cloudName, 'OS_PASSWORD', 'password', 'the password of the service account'));
  const endpointInterface = interfaceOf(find, problem);
  const endpointOverrides = overridesOf(find, problem);
  const caCert = caCertOf(find, problem);
  if (authUrl === null || user === null || project === null || password === null || endpointInterface === null)
    return null;
  return {
    authUrl,
    user,
    password: password.value,
    project,
    region: find('OS_REGION_NAME', 'region_name')?.value ?? null,
    interface: endpointInterface,
    caCert,
    endpointOverrides,
  };
}

function missing(cloudName: string | undefined, variable: string, key: string, what: string): string {
  return cloudName === undefined
    ? `${variable} must be set: ${what} (or OS_CLOUD with a clouds.yaml)`
    : `OS_CLOUD: ${key} is missing in the entry "${cloudName}" of clouds.yaml: ${what}`;
}

function fromVariables(values: Values): Lookup {
  return (variable) => {
    const value = values[variable];
    return value === undefined || value === '' ? null : { value, name: variable };
  };
}

const overridingVariables = /^OS_(REGION_NAME|INTERFACE|CACERT|[A-Z]+_ENDPOINT_OVERRIDE)$/;

function fromCloud(values: Values, cloud: CloudEntry): Lookup {
  const variables = fromVariables(values);
  return (variable, ...keys) => {
    const overriding = overridingVariables.test(variable) ? variables(variable) : null;
    if (overriding !== null) return overriding;
    for (const key of keys) {
      const value = cloud[key];
      if (value !== undefined) return { value, name: `${key} in clouds.yaml` };
    }
    return variable === 'OS_PASSWORD' ? variables(variable) : null;
  };
}

/** The flat view of an entry: what stands under `auth` and beside it. */
type CloudEntry = Readonly<Record<string, string>>;

const scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const cloudsFile = z.object({
  clouds: z.record(z.string(), z.looseObject({ auth: z.record(z.string(), z.unknown()).nullish() })).nullish(),
});

function readCloud(name: string, values: Values, problem: Problem): CloudEntry | null {
  const tried = values['OS_CLIENT_CONFIG_FILE'];
  const places =
    tried === undefined
      ? ['clouds.yaml', join(homedir(), '.config/openstack/clouds.yaml'), '/etc/openstack/clouds.yaml']
      : [tried];
  for (const place of places) {
    const clouds = readClouds(place, problem);
    if (clouds === 'unreadable') return null;
    if (clouds === null) continue;
    const entry = clouds[name];
    if (entry === undefined) {
      problem(`OS_CLOUD: ${place} has no cloud "${name}"; it has ${Object.keys(clouds).join(', ') || 'none'}`);
      return null;
    }
    const secure = readClouds(join(dirname(place), 'secure.yaml'), problem);
    if (secure === 'unreadable') return null;
    return { ...entry, ...secure?.[name] };
  }
  problem(`OS_CLOUD is "${name}", but there is no clouds.yaml; looked for ${places.join(', ')}`);
  return null;
}

function readClouds(file: string, problem: Problem): Readonly<Record<string, CloudEntry>> | null | 'unreadable' {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (isMissing(error)) return null;
    problem(`OS_CLOUD: ${file} cannot be read`);
    return 'unreadable';
  }
  const parsed = cloudsFile.safeParse(parseYaml(text));
  if (!parsed.success) {
    problem(`OS_CLOUD: ${file} is not a clouds.yaml: it must map "clouds" to entries with "auth"`);
    return 'unreadable';
  }
  return Object.fromEntries(Object.entries(parsed.data.clouds ?? {}).map(([name, entry]) => [name, flatten(entry)]));
}

function isMissing(error: unknown): boolean {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : null;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

function parseYaml(text: string): unknown {
  try {
    return parse(text);
  } catch {
    // The parser quotes the lines around an error, and they may hold the password.
    return null;
  }
}

function flatten(
  entry: Readonly<Record<string, unknown>> & { readonly auth?: Record<string, unknown> | null | undefined },
): CloudEntry {
  const flat: Record<string, string> = {};
  for (const [key, value] of [...Object.entries(entry), ...Object.entries(entry.auth ?? {})]) {
    const text = scalar.safeParse(value);
    if (text.success && text.data !== '') flat[key] = text.data;
  }
  return flat;
}

function refuseOtherLogins(find: Lookup, problem: Problem): void {
  const type = find('OS_AUTH_TYPE', 'auth_type');
  if (type !== null && !['password', 'v3password'].includes(type.value)) {
    problem(`${type.name}: allowed is "password", as tokens for several projects are needed; it is "${type.value}"`);
  }
  const verify = find('OS_INSECURE', 'verify', 'insecure');
  const isOff = verify !== null && /^(false|no|0)$/i.test(verify.value) === verify.name.startsWith('verify');
  if (isOff) problem(`${verify.name}: TLS is always verified; give the authority's certificate by OS_CACERT`);
}

function authUrlOf(find: Lookup, problem: Problem): string | null {
  const setting = find('OS_AUTH_URL', 'auth_url');
  if (setting === null) {
    problem(
      'OS_AUTH_URL must be set: the address of Keystone, such as https://keystone.example:5000/v3 (in clouds.yaml: auth_url; OS_CLOUD names the entry)',
    );
    return null;
  }
  const url = httpUrl(setting, problem);
  if (url === null) return null;
  if (url.endsWith('/v2.0')) {
    problem(`${setting.name}: Keystone's v3 is needed, the address ends in /v2.0`);
    return null;
  }
  return url.endsWith('/v3') ? url : `${url}/v3`;
}

function httpUrl(setting: Setting, problem: Problem): string | null {
  const url = URL.canParse(setting.value) ? new URL(setting.value) : null;
  const isPlain = url?.username === '' && url.password === '' && url.search === '' && url.hash === '';
  if (!isPlain || !['http:', 'https:'].includes(url.protocol)) {
    problem(`${setting.name} must be an http:// or https:// address without user, query or fragment`);
    return null;
  }
  return url.href.replace(/\/+$/, '');
}

function scopedReference(
  find: Lookup,
  nameVariable: string,
  nameKey: string,
  idVariable: string,
  idKey: string,
  kind: 'user' | 'project',
  problem: Problem,
): ScopedReference | null {
  const id = find(idVariable, idKey, ...(kind === 'project' ? ['tenant_id'] : []));
  if (id !== null) return { id: id.value };
  const name = find(nameVariable, nameKey, ...(kind === 'project' ? ['tenant_name'] : []));
  if (name === null) {
    problem(
      `${nameVariable} or ${idVariable} must be set: the ${kind} of the service account (in clouds.yaml: ${nameKey} or ${idKey})`,
    );
    return null;
  }
  return { name: name.value, domain: domainReference(find, kind) };
}

function domainReference(find: Lookup, kind: 'user' | 'project'): DomainReference {
  const upper = kind.toUpperCase();
  const id = find(`OS_${upper}_DOMAIN_ID`, `${kind}_domain_id`) ?? find('OS_DOMAIN_ID', 'domain_id');
  if (id !== null) return { id: id.value };
  const name = find(`OS_${upper}_DOMAIN_NAME`, `${kind}_domain_name`) ?? find('OS_DOMAIN_NAME', 'domain_name');
  if (name !== null) return { name: name.value };
  return { id: find('OS_DEFAULT_DOMAIN', 'default_domain')?.value ?? 'default' };
}

function interfaceOf(find: Lookup, problem: Problem): Interface | null {
  const setting = find('OS_INTERFACE', 'interface');
  const parsed = z.enum(['public', 'internal', 'admin']).safeParse(setting?.value.replace(/URL$/, '') ?? 'public');
  if (parsed.success) return parsed.data;
  problem(`${setting?.name ?? 'OS_INTERFACE'}: allowed are public, internal, admin; it is "${setting?.value ?? ''}"`);
  return null;
}

const overrides = [
  ['identity', 'OS_IDENTITY_ENDPOINT_OVERRIDE', ['identity_endpoint_override']],
  ['compute', 'OS_COMPUTE_ENDPOINT_OVERRIDE', ['compute_endpoint_override']],
  ['network', 'OS_NETWORK_ENDPOINT_OVERRIDE', ['network_endpoint_override']],
  ['volume', 'OS_VOLUME_ENDPOINT_OVERRIDE', ['block_storage_endpoint_override', 'volume_endpoint_override']],
  ['image', 'OS_IMAGE_ENDPOINT_OVERRIDE', ['image_endpoint_override']],
] as const;

function overridesOf(find: Lookup, problem: Problem): Partial<Record<OverridableService, string>> {
  const found: Partial<Record<OverridableService, string>> = {};
  for (const [service, variable, keys] of overrides) {
    const setting = find(variable, ...keys);
    const url = setting === null ? null : httpUrl(setting, problem);
    if (url !== null) found[service] = url;
  }
  return found;
}

function caCertOf(find: Lookup, problem: Problem): string | null {
  const setting = find('OS_CACERT', 'cacert');
  if (setting === null) return null;
  try {
    const pem = readFileSync(setting.value, 'utf8');
    if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem;
    problem(`${setting.name}: ${setting.value} holds no PEM certificate`);
  } catch {
    problem(`${setting.name}: cannot read ${setting.value}`);
  }
  return null;
}
