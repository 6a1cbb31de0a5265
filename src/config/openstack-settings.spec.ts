import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openstackSettings, type OpenStackSettings } from './openstack-settings.js';

type Values = Readonly<Record<string, string | undefined>>;

const complete = {
  OS_AUTH_URL: 'https://keystone.example:5000/v3',
  OS_USERNAME: 'service',
  OS_PASSWORD: 'secret',
  OS_PROJECT_NAME: 'admin',
};

function read(values: Values): { readonly settings: OpenStackSettings | null; readonly problems: readonly string[] } {
  const problems: string[] = [];
  return { settings: openstackSettings(values, (problem) => problems.push(problem)), problems };
}

describe('openstackSettings from variables', () => {
  it('takes the fewest that make sense', () => {
    expect(read(complete)).toEqual({
      problems: [],
      settings: {
        authUrl: 'https://keystone.example:5000/v3',
        user: { name: 'service', domain: { id: 'default' } },
        password: 'secret',
        project: { name: 'admin', domain: { id: 'default' } },
        region: null,
        interface: 'public',
        caCert: null,
        endpointOverrides: {},
      },
    });
  });

  it('takes all of them', () => {
    const { settings, problems } = read({
      ...complete,
      OS_AUTH_URL: 'http://127.0.0.1/identity/',
      OS_USER_ID: 'u1',
      OS_USER_DOMAIN_NAME: 'Users',
      OS_PROJECT_DOMAIN_NAME: 'Projects',
      OS_REGION_NAME: 'RegionTwo',
      OS_INTERFACE: 'internalURL',
      OS_COMPUTE_ENDPOINT_OVERRIDE: 'http://127.0.0.1:8774/v2.1/',
      OS_VOLUME_ENDPOINT_OVERRIDE: 'http://127.0.0.1:8776/v3',
    });
    expect(problems).toEqual([]);
    expect(settings).toMatchObject({
      authUrl: 'http://127.0.0.1/identity/v3',
      user: { id: 'u1' },
      project: { name: 'admin', domain: { name: 'Projects' } },
      region: 'RegionTwo',
      interface: 'internal',
      endpointOverrides: { compute: 'http://127.0.0.1:8774/v2.1', volume: 'http://127.0.0.1:8776/v3' },
    });
  });

  it.each<[string, Values, readonly RegExp[]]>([
    [
      'nothing',
      {},
      [
        /^OS_AUTH_URL must be set/,
        /^OS_USERNAME or OS_USER_ID/,
        /^OS_PROJECT_NAME or OS_PROJECT_ID/,
        /^OS_PASSWORD must be set/,
      ],
    ],
    ['an address that is none', { ...complete, OS_AUTH_URL: 'keystone:5000' }, [/^OS_AUTH_URL must be an http/]],
    ['a file', { ...complete, OS_AUTH_URL: 'file:///etc/passwd' }, [/^OS_AUTH_URL must be an http/]],
    ['a password in the address', { ...complete, OS_AUTH_URL: 'http://a:b@c/v3' }, [/^OS_AUTH_URL must be an http/]],
    ['the old version', { ...complete, OS_AUTH_URL: 'http://c:5000/v2.0' }, [/^OS_AUTH_URL: .*v3/]],
    [
      'another interface',
      { ...complete, OS_INTERFACE: 'private' },
      [/^OS_INTERFACE: allowed are public, internal, admin; it is "private"/],
    ],
    [
      'another way to log in',
      { ...complete, OS_AUTH_TYPE: 'v3applicationcredential' },
      [/^OS_AUTH_TYPE: allowed is "password"/],
    ],
    ['unverified TLS', { ...complete, OS_INSECURE: 'true' }, [/^OS_INSECURE: TLS is always verified/]],
    ['a CA that is not there', { ...complete, OS_CACERT: '/nowhere/ca.pem' }, [/^OS_CACERT: cannot read/]],
    [
      'an override that is none',
      { ...complete, OS_IMAGE_ENDPOINT_OVERRIDE: 'x' },
      [/^OS_IMAGE_ENDPOINT_OVERRIDE must be an http/],
    ],
  ])('names what is wrong: %s', (_, values, expected) => {
    const { settings, problems } = read(values);
    expect(settings).toBeNull();
    expect(problems).toHaveLength(expected.length);
    expected.forEach((pattern) => {
      expect(problems).toContainEqual(expect.stringMatching(pattern));
    });
    expect(problems.join()).not.toContain('secret');
  });
});

describe('openstackSettings from clouds.yaml', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'clouds-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  function cloud(text: string, values: Values = {}, secure?: string) {
    const own = mkdtempSync(join(folder, 'one-'));
    writeFileSync(join(own, 'clouds.yaml'), text);
    if (secure !== undefined) writeFileSync(join(own, 'secure.yaml'), secure);
    return read({ OS_CLOUD: 'c', OS_CLIENT_CONFIG_FILE: join(own, 'clouds.yaml'), ...values });
  }

  const entry = `
clouds:
  c:
    auth:
      auth_url: http://127.0.0.1:5000
      username: admin
      password: 1234
      project_id: p1
      user_domain_name: Users
    region_name: RegionOne
    interface: admin
    identity_api_version: 3
    verify: true
    compute_endpoint_override: http://127.0.0.1:1/v2.1
`;

  it('takes an entry, numbers as texts', () => {
    expect(cloud(entry)).toEqual({
      problems: [],
      settings: {
        authUrl: 'http://127.0.0.1:5000/v3',
        user: { name: 'admin', domain: { name: 'Users' } },
        password: '1234',
        project: { id: 'p1' },
        region: 'RegionOne',
        interface: 'admin',
        caCert: null,
        endpointOverrides: { compute: 'http://127.0.0.1:1/v2.1' },
      },
    });
  });

  it('is overridden by variables in where, not in who', () => {
    const { settings } = cloud(entry, { OS_REGION_NAME: 'RegionTwo', OS_USERNAME: 'other', OS_PASSWORD: 'other' });
    expect(settings).toMatchObject({ region: 'RegionTwo', user: { name: 'admin' }, password: '1234' });
  });

  it('takes the password from secure.yaml beside it, or from OS_PASSWORD', () => {
    const open = entry.replace('      password: 1234\n', '');
    expect(cloud(open, {}, 'clouds: {c: {auth: {password: hidden}}}').settings?.password).toBe('hidden');
    expect(cloud(open, { OS_PASSWORD: 'given' }).settings?.password).toBe('given');
    expect(cloud(open).problems).toEqual([expect.stringMatching(/^OS_CLOUD: password is missing in the entry "c"/)]);
  });

  it.each<[string, string, RegExp]>([
    ['no such cloud', entry.replace('  c:', '  d:'), /^OS_CLOUD: .* has no cloud "c"; it has d$/],
    ['no clouds', 'clouds:\n', /it has none$/],
    ['no YAML', 'clouds: [', /is not a clouds.yaml/],
    ['no mapping', 'hello', /is not a clouds.yaml/],
    ['TLS off', entry.replace('verify: true', 'verify: false'), /^verify in clouds.yaml: TLS is always verified/],
  ])('names what is wrong: %s', (_, text, expected) => {
    const { settings, problems } = cloud(text);
    expect(settings).toBeNull();
    expect(problems).toEqual([expect.stringMatching(expected)]);
  });

  it('says where it looked', () => {
    const { problems } = read({ OS_CLOUD: 'c', OS_CLIENT_CONFIG_FILE: join(folder, 'nowhere.yaml') });
    expect(problems).toEqual([
      expect.stringMatching(/^OS_CLOUD is "c", but there is no clouds\.yaml; looked for .*nowhere\.yaml$/),
    ]);
  });
});
