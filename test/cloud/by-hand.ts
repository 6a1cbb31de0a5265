import { z } from 'zod';
import { adminCall, type OpenStackCall, type OpenStackService } from '../../src/openstack/openstack-call.js';
import { cinderMicroversion, novaMicroversion } from '../../src/openstack/openstack-microversions.js';
import { becomes, CloudServers } from './servers.js';
import { eventually, type Cloud } from './cloud.js';

/** Looks in a row, about 150 ms apart. */
const steady = 5;

interface Change {
  readonly service: OpenStackService;
  readonly method: 'POST' | 'PUT' | 'PATCH';
  readonly path: string;
  readonly body: object;
}

const microversions: Partial<Record<OpenStackService, string>> = {
  compute: novaMicroversion,
  volume: cinderMicroversion,
};
const made = z.record(z.string(), z.looseObject({ id: z.string() }));

/** Somebody with admin rights who works in OpenStack directly, past us. What is made carries no marker unless it is given one. */
export class ByHand {
  private readonly servers: CloudServers;

  constructor(private readonly cloud: Cloud) {
    this.servers = new CloudServers(cloud);
  }

  async stopServer(id: string): Promise<void> {
    await this.cloud.admin.serverActions.stop(this.cloud.call, id);
    await this.servers.becomes(id, 'SHUTOFF');
  }

  async setServerState(id: string, state: 'active' | 'error'): Promise<void> {
    const body = { 'os-resetState': { state } };
    await this.change({ service: 'compute', method: 'POST', path: `/servers/${id}/action`, body }, adminCall);
    await this.servers.becomes(id, state.toUpperCase());
  }

  async deleteServer(id: string): Promise<void> {
    await this.cloud.admin.servers.delete(this.cloud.call, id);
    await this.servers.gone(id);
  }

  async setVolumeStatus(id: string, status: string): Promise<void> {
    const body = { 'os-reset_status': { status } };
    await this.change({ service: 'volume', method: 'POST', path: `/volumes/${id}/action`, body }, adminCall);
    await this.volumeIs(id, status);
  }

  /** Its status follows the port. */
  async moveFloatingIp(id: string, portId: string | null): Promise<void> {
    const body = { floatingip: { port_id: portId } };
    await this.change({ service: 'network', method: 'PUT', path: `/floatingips/${id}`, body });
    await this.floatingIpIs(id, portId === null ? 'DOWN' : 'ACTIVE');
  }

  async disableUser(id: string): Promise<void> {
    const body = { user: { enabled: false } };
    await this.change({ service: 'identity', method: 'PATCH', path: `/users/${id}`, body }, adminCall);
  }

  async setRole(userId: string, from: string, to: string): Promise<void> {
    const { projects } = this.cloud.admin;
    const roles = new Map((await projects.roles(adminCall)).map(({ id, name }) => [name, id]));
    const role = (name: string) => ({ projectId: this.cloud.projectId, userId, roleId: roles.get(name) ?? '' });
    await projects.assignRole(adminCall, role(to));
    await projects.unassignRole(adminCall, role(from));
  }

  createPort(name: string, marker = ''): Promise<string> {
    const { networkId } = this.cloud.seed;
    const body = { port: { name, network_id: networkId, project_id: this.cloud.projectId, description: marker } };
    return this.create({ service: 'network', method: 'POST', path: '/ports', body });
  }

  async createFloatingIp(description: string, portId: string): Promise<string> {
    const { externalNetworkId } = this.cloud.seed;
    const body = {
      floatingip: {
        floating_network_id: externalNetworkId,
        port_id: portId,
        project_id: this.cloud.projectId,
        description,
      },
    };
    return this.create({ service: 'network', method: 'POST', path: '/floatingips', body });
  }

  async createVolume(name: string, imageId: string | null): Promise<string> {
    const body = { volume: { name, size: 1, ...(imageId === null ? {} : { imageRef: imageId }) } };
    const id = await this.create({ service: 'volume', method: 'POST', path: '/volumes', body });
    await this.volumeIs(id, 'available');
    return id;
  }

  async createServer(name: string, portIds: readonly string[], volumeId: string): Promise<string> {
    const root = { boot_index: 0, uuid: volumeId, source_type: 'volume', destination_type: 'volume' };
    const body = {
      server: {
        name,
        flavorRef: this.cloud.seed.flavorId,
        networks: portIds.map((port) => ({ port })),
        block_device_mapping_v2: [{ ...root, delete_on_termination: false }],
      },
    };
    const id = await this.create({ service: 'compute', method: 'POST', path: '/servers', body });
    await this.servers.active(id);
    return id;
  }

  async attachVolume(serverId: string, volumeId: string): Promise<void> {
    const path = `/servers/${serverId}/os-volume_attachments`;
    await this.change({ service: 'compute', method: 'POST', path, body: { volumeAttachment: { volumeId } } });
    await this.volumeIs(volumeId, 'in-use');
  }

  async floatingIpIs(id: string, status: string): Promise<void> {
    const { admin, call } = this.cloud;
    // On its way from one port to another it may be ACTIVE, DOWN and ACTIVE again.
    let seen = 0;
    await eventually(`floating IP stays ${status}`, async () => {
      seen = (await admin.floatingIps.get(call, id)).status === status ? seen + 1 : 0;
      return seen === steady;
    });
  }

  async volumeIs(id: string, status: string): Promise<void> {
    const { admin, call } = this.cloud;
    await becomes(`volume ${status}`, async () => (await admin.volumes.get(call, id)).status, status);
  }

  private async create(change: Change): Promise<string> {
    const { data } = await this.cloud.admin.http.send({ ...sent(change), schema: made, call: this.cloud.call });
    return Object.values(data)[0]?.id ?? '';
  }

  private async change(change: Change, call: OpenStackCall = this.cloud.call): Promise<void> {
    await this.cloud.admin.http.send({ ...sent(change), schema: null, call });
  }
}

function sent(change: Change) {
  const microversion = microversions[change.service];
  return {
    ...change,
    operation: `${change.method} by hand`,
    ok: [200, 201, 202, 204],
    ...(microversion === undefined ? {} : { microversion }),
  };
}
