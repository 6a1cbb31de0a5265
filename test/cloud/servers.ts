import type { ObservedPort } from '../../src/network-interface/network-interface.client.js';
import { OpenStackNotFound } from '../../src/openstack/openstack-errors.js';
import type { CreateServerCommand, ObservedServer } from '../../src/server/server.client.js';
import type { ObservedVolume } from '../../src/volume/volume.client.js';
import { eventually, type Cloud } from './cloud.js';

/** Makes servers of the smallest kind with what they need, and takes them away with the cloud's clean-up. */
export class CloudServers {
  constructor(private readonly cloud: Cloud) {}

  async createPort(): Promise<ObservedPort> {
    const { admin, call, seed } = this.cloud;
    const port = await admin.networkInterfaces.create(call, {
      name: 'a-server-nic0',
      networkId: seed.networkId,
      securityGroupIds: [],
      marker: this.cloud.newMarker(),
      subnetId: null,
    });
    this.cloud.later(() => admin.networkInterfaces.delete(call, port.openstackId));
    return port;
  }

  async createRootVolume(): Promise<ObservedVolume> {
    const { admin, call, seed } = this.cloud;
    const volume = await admin.volumes.create(call, {
      name: 'a-server-root',
      description: null,
      size: 1,
      imageId: seed.imageId,
      volumeTypeId: null,
      availabilityZone: null,
      marker: this.cloud.newMarker(),
    });
    this.cloud.later(async () => {
      await admin.volumes.delete(call, volume.openstackId);
      await eventually('volume gone', async () => !(await exists(() => admin.volumes.get(call, volume.openstackId))));
    });
    await becomes(
      'volume available',
      async () => (await admin.volumes.get(call, volume.openstackId)).status,
      'available',
    );
    return volume;
  }

  async create(change: Partial<CreateServerCommand> = {}): Promise<string> {
    const { admin, call, seed } = this.cloud;
    const command = {
      name: 'a server',
      flavorId: seed.flavorId,
      portId: change.portId ?? (await this.createPort()).openstackId,
      volumeId: change.volumeId ?? (await this.createRootVolume()).openstackId,
      marker: this.cloud.newMarker(),
      availabilityZone: null,
      keyName: null,
      userData: null,
      adminPass: null,
      ...change,
    };
    const { openstackId } = await admin.servers.create(call, command);
    this.cloud.later(async () => {
      await admin.servers.delete(call, openstackId);
      await this.gone(openstackId);
    });
    return openstackId;
  }

  async active(openstackId: string): Promise<ObservedServer> {
    await this.becomes(openstackId, 'ACTIVE');
    return this.cloud.admin.servers.get(this.cloud.call, openstackId);
  }

  /** Has the status, and nothing is being done to it. */
  async becomes(openstackId: string, status: string): Promise<void> {
    const { admin, call } = this.cloud;
    await becomes(
      `server ${status}`,
      async () => {
        const server = await admin.servers.get(call, openstackId);
        return server.taskState ?? server.status;
      },
      status,
    );
  }

  async gone(openstackId: string): Promise<void> {
    const { admin, call } = this.cloud;
    await eventually('server gone', async () => !(await exists(() => admin.servers.get(call, openstackId))));
  }
}

async function exists(get: () => Promise<unknown>): Promise<boolean> {
  try {
    await get();
    return true;
  } catch (error) {
    if (error instanceof OpenStackNotFound) return false;
    throw error;
  }
}

export async function becomes(what: string, read: () => Promise<string>, wanted: string): Promise<void> {
  await eventually(what, async () => (await read()) === wanted, 90_000);
}
