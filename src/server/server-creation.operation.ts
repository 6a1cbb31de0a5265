import { Injectable, type OnModuleInit } from '@nestjs/common';
import { CatalogService } from '../catalog/catalog.service.js';
import { NetworkQuotaClient } from '../catalog/network-quota.client.js';
import { Config } from '../config/config.js';
import { DeploymentService } from '../database/deployment.service.js';
import { NetworkInterfaceClient, type ObservedPort } from '../network-interface/network-interface.client.js';
import type { NetworkInterfaceEntity } from '../network-interface/network-interface.entity.js';
import { NetworkInterfaceRepository } from '../network-interface/network-interface.repository.js';
import { PortSecurityDisabled } from '../network-interface/security-groups-of-interface.errors.js';
import { markerOf } from '../openstack/marker.js';
import type { OpenStackCall } from '../openstack/openstack-call.js';
import {
  OpenStackConflict,
  OpenStackQuotaExceeded,
  OpenStackRefused,
  type OpenStackError,
} from '../openstack/openstack-errors.js';
import { orNull } from '../operation/marked-removal.js';
import type {
  CreatedObject,
  Fault,
  OperationKind,
  RowWrites,
  Sight,
  Step,
  StepCalls,
} from '../operation/operation-kind.js';
import { networkQuotaFault } from '../operation/operation-fault.js';
import { OperationRegistry } from '../operation/operation-registry.js';
import { OperationSecrets } from '../operation/operation-secrets.js';
import type { OperationEntity } from '../operation/operation.entity.js';
import { OperationRepository } from '../operation/operation.repository.js';
import { DefaultGroupImporter } from '../security-group/default-group-import.service.js';
import { SecurityGroupRepository } from '../security-group/security-group.repository.js';
import { VolumeClient, type ObservedVolume } from '../volume/volume.client.js';
import type { VolumeEntity } from '../volume/volume.entity.js';
import { volumeFault } from '../volume/volume-fault.js';
import { VolumeTypes } from '../volume/volume-types.js';
import { VolumeRepository } from '../volume/volume.repository.js';
import { serverCreationInput, type ServerCreationInput } from './server-creation-input.js';
import { rootVolumeZone, unusableChoice } from './server-choice.js';
import { buildFault } from './server-fault.js';
import { ServerKey } from './server-key.js';
import { serverSecret, type ServerSecret } from './server-secret-input.js';
import { ServerRemoval, targetOf } from './server-removal.js';
import { projectOpenstackId, type ServerRows } from './server-rows.js';
import { ServerClient, type ObservedServer } from './server.client.js';
import { ServerRepository } from './server.repository.js';
import type { EntityManager } from '../database/transaction.js';

export const serverCreation = 'server.create';

interface Rows extends ServerRows {
  readonly operationId: number;
  /** How long it stands at its step. */
  readonly inStepMs: number;
  /** Null: there is none, or Nova has it. */
  readonly secret: ServerSecret | null;
  readonly input: ServerCreationInput;
  readonly port: NetworkInterfaceEntity;
  readonly rootVolume: VolumeEntity;
}

/**
 * A server with its port and its root volume: port → volume → volume available → key → server → server ACTIVE → key gone. Until ACTIVE
 * everything is undone when it fails, in reverse; the row stays as ERROR and tells why.
 */
@Injectable()
export class ServerCreationOperation implements OperationKind<Rows>, OnModuleInit {
  readonly kind = serverCreation;
  readonly effect = 'create';
  readonly steps: readonly Step<Rows>[] = [
    {
      does: 'ensure',
      name: 'catalogue',
      title: 'the choice from the catalogue',
      look: (rows) => this.lookAtCatalogue(rows),
    },
    {
      does: 'create',
      name: 'port',
      title: 'the port',
      recorded: ({ port }) => port.openstackId,
      find: (rows, calls) => this.findPorts(rows, calls),
      create: (rows, calls) => this.createPort(rows, calls),
      explain: (error, rows, calls) => this.explainPort(error, rows, calls),
      undo: { look: (rows, calls) => this.removal.port(targetOf(rows, rows.port), calls) },
    },
    {
      does: 'create',
      name: 'root-volume',
      title: 'the root volume',
      recorded: ({ rootVolume }) => rootVolume.openstackId,
      find: (rows, calls) => this.findVolumes(rows, calls),
      create: (rows, calls) => this.createVolume(rows, calls),
      undo: { look: (rows, calls) => this.removal.volume(targetOf(rows, rows.rootVolume), calls) },
    },
    {
      does: 'ensure',
      name: 'root-volume-available',
      title: 'the root volume',
      isWait: true,
      look: (rows, calls) => this.lookAtVolume(rows, calls),
    },
    {
      does: 'ensure',
      name: 'key',
      title: 'the key',
      look: (rows, calls) => this.lookAtKey(rows, calls),
      undo: { look: (rows, calls) => this.lookForNoKey(rows, calls) },
    },
    {
      does: 'create',
      name: 'server',
      title: 'the server',
      recorded: ({ server }) => server.openstackId,
      find: (rows, calls) => this.findServers(rows, calls),
      create: (rows, calls) => this.createServer(rows, calls),
      // Nova sees a volume as available, or a port as free, a moment after Cinder and Neutron say so.
      passes: (error) =>
        error instanceof OpenStackConflict ||
        (error instanceof OpenStackRefused && /must be available/i.test(error.text)),
      explain: (error, rows) => Promise.resolve(withoutSecret(error, rows)),
      undo: { look: (rows, calls) => this.removal.server(targetOf(rows, rows.server), calls) },
    },
    {
      does: 'ensure',
      name: 'server-active',
      title: 'the server',
      isWait: true,
      look: (rows, calls) => this.lookAtServer(rows, calls),
    },
    {
      does: 'ensure',
      name: 'key-gone',
      title: 'the deletion of its key from Nova',
      look: (rows, calls) => this.leaveKey(rows, calls),
    },
  ];

  constructor(
    private readonly config: Config,
    private readonly registry: OperationRegistry,
    private readonly operations: OperationRepository,
    private readonly secrets: OperationSecrets,
    private readonly keys: ServerKey,
    private readonly deployment: DeploymentService,
    private readonly catalog: CatalogService,
    private readonly networkQuota: NetworkQuotaClient,
    private readonly removal: ServerRemoval,
    private readonly serverClient: ServerClient,
    private readonly volumeClient: VolumeClient,
    private readonly volumeTypes: VolumeTypes,
    private readonly portClient: NetworkInterfaceClient,
    private readonly servers: ServerRepository,
    private readonly volumes: VolumeRepository,
    private readonly interfaces: NetworkInterfaceRepository,
    private readonly groups: SecurityGroupRepository,
    private readonly groupImporter: DefaultGroupImporter,
  ) {}

  onModuleInit(): void {
    this.registry.register(this);
  }

  async load(manager: EntityManager, operation: OperationEntity): Promise<Rows> {
    const server = await this.servers.find(manager, operation.resourceId);
    if (server === null) throw new Error(`server ${String(operation.resourceId)} is deleted while its creation runs`);
    const interfaces = await this.interfaces.findOfServer(manager, server.id);
    const volumes = await this.volumes.findOfServer(manager, server.id);
    const port = interfaces[0];
    const rootVolume = volumes.find((volume) => volume.isRootVolume);
    if (port === undefined || rootVolume === undefined)
      throw new Error(`server ${String(server.id)} lacks its port or root volume row`);
    const secret = this.secrets.open(operation);
    const now = await this.operations.now(manager);
    return {
      operationId: operation.id,
      inStepMs: now.getTime() - operation.stepSince.getTime(),
      secret: secret === null ? null : serverSecret.parse(JSON.parse(secret)),
      server,
      interfaces,
      volumes,
      port,
      rootVolume,
      input: serverCreationInput.parse(operation.input),
      projectOpenstackId: await projectOpenstackId(manager, server.projectId),
      deploymentId: await this.deployment.deploymentId(),
    };
  }

  /** The rows were filled step by step; what was seen last said ACTIVE. */
  async succeed(): Promise<void> {
    // Nothing is left to write.
  }

  async fail(tx: EntityManager, _operation: OperationEntity, rows: Rows, fault: Fault): Promise<void> {
    await this.servers.setFailed(tx, rows.server.id);
    await this.servers.setFault(tx, rows.server.id, fault);
    await this.volumes.tombstone(tx, rows.rootVolume.id, 'compensation');
    await this.interfaces.tombstone(tx, rows.port.id, 'compensation');
  }

  /** What could not be checked when the request came in is checked before anything is made. */
  private async lookAtCatalogue({ input, projectOpenstackId: projectId }: Rows): Promise<Sight> {
    if (input.isChecked) return { is: 'reached' };
    const error = unusableChoice(await this.catalog.require(projectId), input);
    if (error === null) return { is: 'reached' };
    return { is: 'failed', fault: { code: error.code, message: error.message, openstackRequestIds: [] } };
  }

  private async lookAtKey(rows: Rows, calls: StepCalls): Promise<Sight> {
    const { publicKey } = rows.input;
    return publicKey === null ? { is: 'reached' } : this.keys.import(rows, publicKey, calls);
  }

  private async lookForNoKey(rows: Rows, calls: StepCalls): Promise<Sight> {
    return rows.input.publicKey === null ? { is: 'reached' } : this.keys.remove(rows, calls);
  }

  private async leaveKey(rows: Rows, calls: StepCalls): Promise<Sight> {
    if (rows.input.publicKey === null) return { is: 'reached' };
    return this.keys.leave(rows, calls, { isPatient: rows.inStepMs < this.config.settings.SETTLING_MS });
  }

  /** Where the catalogue is not known, Cinder chooses. */
  private async volumeZone({ input, projectOpenstackId: projectId }: Rows): Promise<string | null> {
    if (input.availabilityZone === null) return null;
    const catalogue = await this.catalog.known(projectId);
    return catalogue === null ? null : rootVolumeZone(catalogue, input.availabilityZone);
  }

  private async findPorts(rows: Rows, calls: StepCalls): Promise<readonly CreatedObject[]> {
    const found = await this.portClient.findByMarker(calls.reading(rows.projectOpenstackId), marker(rows, rows.port));
    return found.map((port) => this.createdPort(rows, port));
  }

  private async createPort(rows: Rows, calls: StepCalls): Promise<CreatedObject> {
    const { input } = rows;
    if (input.securityGroupOpenstackIds === null)
      await this.groupImporter.ensureDefaultGroup({
        id: rows.server.projectId,
        openstackId: rows.projectOpenstackId,
      });
    const port = await this.portClient.create(calls.changing(rows.projectOpenstackId), {
      name: portName(input.name),
      networkId: input.networkId,
      subnetId: input.subnetId,
      securityGroupIds: input.securityGroupOpenstackIds,
      marker: marker(rows, rows.port),
    });
    return this.createdPort(rows, port);
  }

  private async explainPort(error: OpenStackError, rows: Rows, calls: StepCalls): Promise<Fault | null> {
    if (error.text.startsWith('Port security must be enabled')) return withoutPortSecurity(error, rows.input.networkId);
    if (!(error instanceof OpenStackQuotaExceeded)) return null;
    const quota = await this.networkQuota.get(calls.reading(rows.projectOpenstackId), rows.projectOpenstackId, 'port');
    return quota === null ? null : networkQuotaFault(error, 'the port', quota);
  }

  private createdPort(rows: Rows, port: ObservedPort): CreatedObject {
    return {
      openstackId: port.openstackId,
      createdAt: port.createdAt,
      isInUse: port.deviceId !== null,
      differs: port.networkId === rows.input.networkId ? null : 'it is on another network',
      writes: async (tx) => {
        await this.interfaces.setOpenstackId(tx, rows.port.id, port.openstackId);
        await this.interfaces.setObserved(tx, rows.port.id, {
          status: port.status,
          macAddress: port.macAddress,
          fixedIps: port.fixedIps.map((ip) => ip.ipAddress),
        });
        const groups = await this.groups.findByOpenstackIds(tx, rows.server.projectId, port.securityGroupIds);
        await this.interfaces.setSecurityGroups(
          tx,
          rows.port.id,
          groups.map((group) => group.id),
        );
      },
    };
  }

  private async findVolumes(rows: Rows, calls: StepCalls): Promise<readonly CreatedObject[]> {
    const found = await this.volumeClient.findByMarker(
      calls.reading(rows.projectOpenstackId),
      marker(rows, rows.rootVolume),
    );
    return found.map((volume) => this.createdVolume(rows, volume));
  }

  private async createVolume(rows: Rows, calls: StepCalls): Promise<CreatedObject> {
    const { input } = rows;
    const volume = await this.volumeClient.create(calls.changing(rows.projectOpenstackId), {
      name: input.rootVolumeName,
      description: null,
      size: input.rootVolumeSize,
      imageId: input.imageId,
      volumeTypeId: input.volumeType,
      availabilityZone: await this.volumeZone(rows),
      marker: marker(rows, rows.rootVolume),
    });
    return this.createdVolume(rows, volume);
  }

  private createdVolume(rows: Rows, volume: ObservedVolume): CreatedObject {
    return {
      openstackId: volume.openstackId,
      createdAt: volume.createdAt,
      isInUse: volume.attachments.length > 0,
      differs: volume.size === rows.input.rootVolumeSize ? null : `its size is ${String(volume.size)} GiB`,
      writes: async (tx) => {
        await this.volumes.setOpenstackId(tx, rows.rootVolume.id, volume.openstackId);
        await this.volumes.setObserved(tx, rows.rootVolume.id, volume);
      },
    };
  }

  private async lookAtVolume(rows: Rows, calls: StepCalls): Promise<Sight> {
    const openstackId = recordedId(rows.rootVolume);
    const call = calls.reading(rows.projectOpenstackId);
    const volume = await orNull(this.volumeClient.get(call, openstackId));
    if (volume === null) return vanished('root volume');
    const observation = await this.volumeTypes.withId(rows.projectOpenstackId, volume);
    const writes = (tx: EntityManager): Promise<void> => this.volumes.setObserved(tx, rows.rootVolume.id, observation);
    if (volume.status === 'available') return { is: 'reached', writes };
    if (volume.status.startsWith('error')) {
      const messages = await this.volumeClient.messages(call, openstackId);
      return { is: 'failed', fault: volumeFault('The root volume could not be made', volume.status, messages) };
    }
    return { is: 'passing', writes };
  }

  private async findServers(rows: Rows, calls: StepCalls): Promise<readonly CreatedObject[]> {
    const found = await this.serverClient.findByMarker(
      calls.reading(rows.projectOpenstackId),
      marker(rows, rows.server),
    );
    return found.map((server) => this.createdServer(rows, server.openstackId, server));
  }

  private async createServer(rows: Rows, calls: StepCalls): Promise<CreatedObject> {
    const { userData, adminPassword } = rows.secret ?? { userData: null, adminPassword: null };
    const { openstackId } = await this.serverClient.create(calls.changing(rows.projectOpenstackId), {
      name: rows.input.name,
      flavorId: rows.input.flavorId,
      portId: recordedId(rows.port),
      volumeId: recordedId(rows.rootVolume),
      marker: marker(rows, rows.server),
      availabilityZone: rows.input.availabilityZone,
      keyName: rows.input.publicKey === null ? null : rows.server.uuid,
      userData: userData === null ? null : Buffer.from(userData).toString('base64'),
      adminPass: adminPassword,
    });
    return this.createdServer(rows, openstackId, null);
  }

  private createdServer(rows: Rows, openstackId: string, observed: ObservedServer | null): CreatedObject {
    return {
      openstackId,
      createdAt: observed?.createdAt ?? null,
      isInUse: observed?.status === 'ACTIVE',
      differs: null,
      writes: async (tx) => {
        await this.servers.setOpenstackId(tx, rows.server.id, openstackId);
        await this.operations.wipeSecret(tx, rows.operationId);
      },
    };
  }

  private async lookAtServer(rows: Rows, calls: StepCalls): Promise<Sight> {
    const call = calls.reading(rows.projectOpenstackId);
    const server = await orNull(this.serverClient.get(call, recordedId(rows.server)));
    if (server === null) return vanished('server');
    // ERROR is not always the end: a build that no host had claimed shows it for seconds after its compute service
    // restarts, then becomes ACTIVE.
    if (server.status === 'ERROR') return { is: 'failed', doubtful: true, fault: buildFault(server) };
    if (server.status === 'DELETED' || server.status === 'SOFT_DELETED') return vanished('server');
    if (server.status === 'BUILD' || server.status === 'UNKNOWN') return { is: 'passing' };
    const volume = await orNull(this.volumeOf(server, rows, call));
    if (volume === null) return vanished('root volume');
    const port = await orNull(this.portClient.get(call, recordedId(rows.port)));
    if (port === null) return vanished('port');
    return {
      is: 'reached',
      writes: async (tx) => {
        await this.servers.setObserved(tx, rows.server.id, server);
        await volume(tx);
        await this.createdPort(rows, port).writes(tx);
      },
    };
  }

  /** A server is ACTIVE only with its root volume attached, so that Nova's answer tells of both; where it does not, Cinder is asked. */
  private async volumeOf(server: ObservedServer, { rootVolume }: Rows, call: OpenStackCall): Promise<RowWrites> {
    const openstackId = recordedId(rootVolume);
    const { rootDevice: device } = server;
    if (device !== null && server.volumeIds.includes(openstackId))
      return (tx) => this.volumes.setAttachedRoot(tx, rootVolume.id, device);
    const volume = await this.volumeClient.get(call, openstackId);
    return (tx) => this.volumes.setObservedOnServer(tx, rootVolume.id, volume);
  }
}

/** Nova repeats what it was sent where it does not like it; that must not reach a fault, which everybody in the project reads. */
function withoutSecret(error: OpenStackError, { secret }: Rows): Fault | null {
  if (secret === null || !error.text.includes('Value: ')) return null;
  return {
    code: 'OPENSTACK_REFUSED',
    message: 'Nova refused the server; what it said repeats the request, which holds secrets, and is not shown.',
    openstackRequestIds: error.requestId === null ? [] : [error.requestId],
  };
}

function withoutPortSecurity({ requestId }: OpenStackError, networkId: string): Fault {
  return {
    code: PortSecurityDisabled.code,
    message: `Network ${networkId} is without port security and takes no security groups; choose another network, or leave out security_group_ids`,
    openstackRequestIds: requestId === null ? [] : [requestId],
  };
}

interface Marked {
  readonly uuid: string;
  readonly openstackId: string | null;
}

function marker(rows: ServerRows, { uuid }: Marked): string {
  return markerOf(rows.deploymentId, uuid);
}

const maxNameLength = 255;

/** `<server name>-nic0`, cut to what Neutron takes, in code points. */
function portName(serverName: string): string {
  const ending = '-nic0';
  return [...serverName].slice(0, maxNameLength - ending.length).join('') + ending;
}

function recordedId({ openstackId, uuid }: Marked): string {
  if (openstackId === null) throw new Error(`the object of ${uuid} has no recorded id although its step is behind`);
  return openstackId;
}

/** `doubtful`: a thing that is new is not known to all of OpenStack's API workers at once. */
function vanished(what: string): Sight {
  return {
    is: 'failed',
    doubtful: true,
    fault: {
      code: 'DELETED_OUTSIDE',
      message: `The ${what} was deleted in OpenStack while it was being made; create the server again if it is still wanted.`,
      openstackRequestIds: [],
    },
  };
}
