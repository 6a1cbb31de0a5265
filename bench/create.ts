import { setTimeout as sleep } from 'node:timers/promises';
import { ApiProcess } from '../scripts/api-process.js';
import { freePort } from '../scripts/port.js';
import { readCatalogue, serverBody } from '../test/crash/catalogue.js';
import { spread, type BenchRow } from './measure.js';
import { login, openSite, productionSettings } from './site.js';

const rounds = 5;
const pollMs = 200;

/** From POST /servers to ACTIVE, against a script that makes the same calls in a row and polls every 0.2 s. */
export async function benchCreate(): Promise<readonly BenchRow[]> {
  const site = await openSite();
  site.simulator.configure({ volume_create_ms: 3_000, server_build_ms: 5_000 });
  const api = await ApiProcess.start({
    port: await freePort(),
    settings: productionSettings(site.simulator, site.schema),
  });
  try {
    const demo = await login(api.url);
    const catalogue = await readCatalogue(demo);
    const script = await Script.login(site.simulator.url, catalogue);
    const ratios: number[] = [];
    let last = { ours: '', reference: '' };
    for (let round = 0; round < rounds; round += 1) {
      const oursMs = await timed(async () => {
        const answer = await demo.post<{ id: number }>('/servers', serverBody(`bench-${String(round)}`, catalogue));
        for (;;) {
          const server = await demo.get<{ status: string }>(`/servers/${String(answer.body.id)}`);
          if (server.body.status === 'ACTIVE') return;
          if (server.body.status === 'ERROR') throw new Error(JSON.stringify(server.body));
          await sleep(20);
        }
      });
      const theirsMs = await timed(() => script.create(`script-${String(round)}`));
      ratios.push(oursMs / theirsMs);
      last = { ours: `${(oursMs / 1000).toFixed(2)} s`, reference: `${(theirsMs / 1000).toFixed(2)} s` };
    }
    const ratio = spread(ratios);
    return [
      {
        name: 'create (simulator: volume 3 s, server 5 s)',
        ...last,
        ratio,
        goal: '<= 1.15',
        met: ratio.median <= 1.15,
      },
    ];
  } finally {
    await api.kill();
    await site.close();
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

interface Catalogue {
  readonly flavorId: string;
  readonly imageId: string;
  readonly networkId: string;
}

/** What a person would write who knows OpenStack: no marker, no record, no second try. */
class Script {
  private constructor(
    private readonly url: string,
    private readonly token: string,
    private readonly projectId: string,
    private readonly catalogue: Catalogue,
  ) {}

  static async login(url: string, catalogue: Catalogue): Promise<Script> {
    const answer = await fetch(`${url}/identity/v3/auth/tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        auth: {
          identity: {
            methods: ['password'],
            password: { user: { name: 'demo', domain: { id: 'default' }, password: 'demo-secret-1' } },
          },
          scope: { project: { name: 'demo', domain: { id: 'default' } } },
        },
      }),
    });
    const body = (await answer.json()) as { token: { project: { id: string } } };
    return new Script(url, answer.headers.get('x-subject-token') ?? '', body.token.project.id, catalogue);
  }

  async create(name: string): Promise<void> {
    const { networkId, imageId, flavorId } = this.catalogue;
    const port = await this.call<{ port: { id: string } }>('POST', '/network/v2.0/ports', {
      port: { network_id: networkId, name },
    });
    const volumes = `/volume/v3/${this.projectId}/volumes`;
    const volume = await this.call<{ volume: { id: string } }>('POST', volumes, {
      volume: { name, size: 1, imageRef: imageId },
    });
    await this.until(`${volumes}/${volume.volume.id}`, 'available');
    const server = await this.call<{ server: { id: string } }>('POST', '/compute/v2.1/servers', {
      server: {
        name,
        flavorRef: flavorId,
        networks: [{ port: port.port.id }],
        block_device_mapping_v2: [
          {
            boot_index: 0,
            uuid: volume.volume.id,
            source_type: 'volume',
            destination_type: 'volume',
            delete_on_termination: false,
          },
        ],
      },
    });
    await this.until(`/compute/v2.1/servers/${server.server.id}`, 'ACTIVE');
  }

  private async until(path: string, status: string): Promise<void> {
    for (;;) {
      const body = await this.call<Record<string, { readonly status: string }>>('GET', path);
      if (Object.values(body)[0]?.status === status) return;
      await sleep(pollMs);
    }
  }

  private async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await fetch(`${this.url}${path}`, {
      method,
      headers: { 'x-auth-token': this.token, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${String(answer.status)} ${await answer.text()}`);
    return (await answer.json()) as T;
  }
}
