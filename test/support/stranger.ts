import { credentialsOf, type AccountName } from './simulated-cloud.js';

/** Somebody who uses OpenStack directly, past us. */
export class Stranger {
  private constructor(
    private readonly url: string,
    private readonly token: string,
    private readonly projectId: string,
  ) {}

  static async login(url: string, account: AccountName, project: string): Promise<Stranger> {
    const domain = { id: 'default' };
    const { password } = credentialsOf(account);
    const answer = await fetch(`${url}/identity/v3/auth/tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        auth: {
          identity: { methods: ['password'], password: { user: { name: account, domain, password } } },
          scope: { project: { name: project, domain } },
        },
      }),
    });
    const body = (await answer.json()) as { token: { project: { id: string } } };
    return new Stranger(url, answer.headers.get('x-subject-token') ?? '', body.token.project.id);
  }

  /** Returns its id, once it is available. `marker`: whatever is to stand where our markers stand. */
  async createVolume(
    name: string,
    options: { readonly marker?: string; readonly imageId?: string } = {},
  ): Promise<string> {
    const { marker, imageId } = options;
    const { volume } = await this.call<{ volume: { id: string } }>('POST', `/volume/v3/${this.projectId}/volumes`, {
      volume: {
        name,
        size: 1,
        ...(marker === undefined ? {} : { metadata: { cloud_api: marker } }),
        ...(imageId === undefined ? {} : { imageRef: imageId }),
      },
    });
    for (;;) {
      const seen = await this.call<{ volume: { status: string } }>(
        'GET',
        `/volume/v3/${this.projectId}/volumes/${volume.id}`,
      );
      if (seen.volume.status === 'available') return volume.id;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async createPort(name: string, networkId: string): Promise<string> {
    const { port } = await this.call<{ port: { id: string } }>('POST', '/network/v2.0/ports', {
      port: { name, network_id: networkId },
    });
    return port.id;
  }

  /** With the port, or with several. */
  async createServer(
    name: string,
    flavorId: string,
    ports: string | readonly string[],
    volumeId: string,
  ): Promise<string> {
    const { server } = await this.call<{ server: { id: string } }>('POST', '/compute/v2.1/servers', {
      server: {
        name,
        flavorRef: flavorId,
        networks: [ports].flat().map((port) => ({ port })),
        block_device_mapping_v2: [
          {
            boot_index: 0,
            uuid: volumeId,
            source_type: 'volume',
            destination_type: 'volume',
            delete_on_termination: false,
          },
        ],
      },
    });
    return server.id;
  }

  /** Returns its id. */
  async createFloatingIp(networkId: string, portId: string): Promise<string> {
    const { floatingip } = await this.call<{ floatingip: { id: string } }>('POST', '/network/v2.0/floatingips', {
      floatingip: { floating_network_id: networkId, port_id: portId },
    });
    return floatingip.id;
  }

  /** Returns once it is in use. */
  async attachVolume(serverId: string, volumeId: string): Promise<void> {
    await this.call('POST', `/compute/v2.1/servers/${serverId}/os-volume_attachments`, {
      volumeAttachment: { volumeId },
    });
    const path = `/volume/v3/${this.projectId}/volumes/${volumeId}`;
    while ((await this.call<{ volume: { status: string } }>('GET', path)).volume.status !== 'in-use') {
      await new Promise((resolve) => setTimeout(resolve, 50));
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
