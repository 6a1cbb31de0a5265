import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../../src/config/config.js';
import { MetricRegistry } from '../../src/common/metrics.js';
import { OpenStackConnection } from '../../src/openstack/openstack-connection.js';
import { OpenStackUnavailable } from '../../src/openstack/openstack-errors.js';
import { OpenStackTokens } from '../../src/openstack/openstack-tokens.js';

/** Made for these tests alone. Both certificates are for 127.0.0.1 and this key; one ends in 2120, one ended in 2020. */
const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgq1N4EqYI2JYawEd2
MKLcMLjURS6Xcx87napNTqUK8pqhRANCAASb3pfIdvfXoAXb1Img21nOz7qm3Efe
9IyL6WQzYaNyHpbjBkT/XdhIrUO4MQLuEhn8jZhClhSmSYN7tFh27GJm
-----END PRIVATE KEY-----
`;
const lasting = `-----BEGIN CERTIFICATE-----
MIIBWTCB/6ADAgECAgEBMAoGCCqGSM49BAMCMBQxEjAQBgNVBAMMCTEyNy4wLjAu
MTAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowFDESMBAGA1UEAwwJ
MTI3LjAuMC4xMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEm96XyHb316AF29SJ
oNtZzs+6ptxH3vSMi+lkM2Gjch6W4wZE/13YSK1DuDEC7hIZ/I2YQpYUpkmDe7RY
duxiZqNAMD4wDwYDVR0RBAgwBocEfwAAATAMBgNVHRMEBTADAQH/MB0GA1UdDgQW
BBRzeLYKvStLULrdFgZ+ALS1H/l5jTAKBggqhkjOPQQDAgNJADBGAiEAxMahwiV9
/gvJKy0UqJ8JbCG6i3eowygkq0H/dsAUL20CIQCJVpqJyy++2XKfvgQ80sy/x7Y1
EXfw2d8hGa3+GnN2Bg==
-----END CERTIFICATE-----
`;
const expired = `-----BEGIN CERTIFICATE-----
MIIBVjCB/aADAgECAgEBMAoGCCqGSM49BAMCMBQxEjAQBgNVBAMMCTEyNy4wLjAu
MTAeFw0yMDAxMDEwMDAwMDBaFw0yMDAxMDIwMDAwMDBaMBQxEjAQBgNVBAMMCTEy
Ny4wLjAuMTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABJvel8h299egBdvUiaDb
Wc7PuqbcR970jIvpZDNho3IeluMGRP9d2EitQ7gxAu4SGfyNmEKWFKZJg3u0WHbs
YmajQDA+MA8GA1UdEQQIMAaHBH8AAAEwDAYDVR0TBAUwAwEB/zAdBgNVHQ4EFgQU
c3i2Cr0rS1C63RYGfgC0tR/5eY0wCgYIKoZIzj0EAwIDSAAwRQIgIrSZdoHdFh9m
iXzDnVwI7RT+6KbBs13xV10u+hmCWvICIQDHithyN8avJBUBPsn/pCp65ZlDFf9v
mdOcBC+BPMp2Xg==
-----END CERTIFICATE-----
`;

describe('TLS', () => {
  let folder: string;
  let server: Server;
  let requests: number;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tls-'));
    requests = 0;
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true });
  });

  async function listen(options: ServerOptions): Promise<number> {
    server = createServer({ key, ...options }, (_, response) => {
      requests += 1;
      response.writeHead(503).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  }

  async function fetchToken(port: number, trusted: string | null, host = '127.0.0.1'): Promise<unknown> {
    const file = join(folder, 'ca.pem');
    if (trusted !== null) writeFileSync(file, trusted);
    const config = readConfig({
      SECRET_KEY: 'only-for-the-tests-of-the-transport',
      HTTP_TIMEOUT_MS: '2000',
      OS_AUTH_URL: `https://${host}:${String(port)}/v3`,
      OS_USERNAME: 'service',
      OS_PASSWORD: 'secret',
      OS_PROJECT_NAME: 'admin',
      ...(trusted === null ? {} : { OS_CACERT: file }),
    });
    const connection = new OpenStackConnection(config, new MetricRegistry());
    try {
      return await new OpenStackTokens(config, connection).admin().catch((error: unknown) => error);
    } finally {
      connection.onApplicationShutdown();
    }
  }

  it('is spoken with a service whose authority is given', async () => {
    const port = await listen({ cert: lasting });
    expect(await fetchToken(port, lasting)).toBeInstanceOf(OpenStackUnavailable);
    expect(requests).toBe(1);
  });

  it.each<[string, ServerOptions, string | null, string]>([
    ['that nobody vouches for', { cert: lasting }, null, '127.0.0.1'],
    ['of another name', { cert: lasting }, lasting, 'localhost'],
    ['whose certificate has expired', { cert: expired }, expired, '127.0.0.1'],
    [
      'that speaks an old version',
      { cert: lasting, minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' },
      lasting,
      '127.0.0.1',
    ],
  ])('is refused with a service %s, before anything is sent', async (_, options, trusted, host) => {
    const port = await listen(options);
    expect(await fetchToken(port, trusted, host)).toBeInstanceOf(OpenStackUnavailable);
    expect(requests).toBe(0);
  });
});
