import { Injectable, type OnModuleInit } from '@nestjs/common';
import { CatalogService } from '../catalog/catalog.service.js';
import { DeploymentService } from '../database/deployment.service.js';
import type { EntityManager } from '../database/transaction.js';
import { markerOf } from '../openstack/marker.js';
import { orNull, type RemovalTarget } from '../operation/marked-removal.js';
import { operationAbandoned } from '../operation/operation-fault.js';
import type { CreatedObject, Fault, OperationKind, Sight, Step, StepCalls } from '../operation/operation-kind.js';
import { OperationRegistry } from '../operation/operation-registry.js';
import type { OperationEntity } from '../operation/operation.entity.js';
import { unusableVolumeChoice } from './volume-choice.js';
import { volumeCreationInput, type VolumeCreationInput } from './volume-creation-input.js';
import { volumeFault } from './volume-fault.js';
import { VolumeRemoval } from './volume-removal.js';
import { VolumeTypes } from './volume-types.js';
import { VolumeClient, type ObservedVolume } from './volume.client.js';
import type { VolumeEntity } from './volume.entity.js';
import { VolumeRepository } from './volume.repository.js';

export const volumeCreation = 'volume.create';

const deletedOutside = 'DELETED_OUTSIDE';

interface Rows {
  readonly volume: VolumeEntity;
  readonly input: VolumeCreationInput;
  readonly target: RemovalTarget;
}

/**
 * A volume: made, then waited for. What Cinder has accepted is not taken back: a volume that ends in error stays there, and the row
 * tells why. Before that nothing stays in OpenStack, and the row reads ERROR.
 */
@Injectable()
export class VolumeCreationOperation implements OperationKind<Rows>, OnModuleInit {
  readonly kind = volumeCreation;
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
      name: 'volume',
      title: 'the volume',
      recorded: ({ volume }) => volume.openstackId,
      find: (rows, calls) => this.find(rows, calls),
      create: (rows, calls) => this.create(rows, calls),
      undo: { look: (rows, calls) => this.lookForUndo(rows, calls) },
    },
    {
      does: 'ensure',
      name: 'available',
      title: 'the volume',
      isWait: true,
      look: (rows, calls) => this.lookForAvailable(rows, calls),
    },
  ];

  constructor(
    private readonly registry: OperationRegistry,
    private readonly deployment: DeploymentService,
    private readonly catalog: CatalogService,
    private readonly client: VolumeClient,
    private readonly types: VolumeTypes,
    private readonly removal: VolumeRemoval,
    private readonly volumes: VolumeRepository,
  ) {}

  onModuleInit(): void {
    this.registry.register(this);
  }

  async load(manager: EntityManager, operation: OperationEntity): Promise<Rows> {
    const volume = await this.volumes.findAny(manager, operation.resourceId);
    if (volume === null) throw new Error(`volume ${String(operation.resourceId)} has no row`);
    const input = volumeCreationInput.parse(operation.input);
    const { uuid, openstackId } = volume;
    const deploymentId = await this.deployment.deploymentId();
    return { volume, input, target: { projectOpenstackId: input.projectOpenstackId, deploymentId, uuid, openstackId } };
  }

  async succeed(tx: EntityManager, _operation: OperationEntity, { volume }: Rows): Promise<void> {
    await this.volumes.setFault(tx, volume.id, null);
  }

  async fail(tx: EntityManager, _operation: OperationEntity, { volume }: Rows, fault: Fault): Promise<void> {
    // What was abandoned is for the sweep: no row may own it.
    const isForgotten = fault.code === deletedOutside || fault.code === operationAbandoned;
    if (volume.openstackId === null || isForgotten) await this.volumes.setFailed(tx, volume.id);
    await this.volumes.setFault(tx, volume.id, fault);
  }

  /** What could not be checked when the request came in is checked before anything is made. */
  private async lookAtCatalogue({ input }: Rows): Promise<Sight> {
    if (input.isChecked) return { is: 'reached' };
    const error = unusableVolumeChoice(await this.catalog.require(input.projectOpenstackId), input);
    if (error === null) return { is: 'reached' };
    return { is: 'failed', fault: { code: error.code, message: error.message, openstackRequestIds: [] } };
  }

  private async find(rows: Rows, calls: StepCalls): Promise<readonly CreatedObject[]> {
    const found = await this.client.findByMarker(calls.reading(rows.target.projectOpenstackId), marker(rows));
    return found.map((volume) => this.created(rows, volume));
  }

  private async create(rows: Rows, calls: StepCalls): Promise<CreatedObject> {
    const { input, target } = rows;
    const volume = await this.client.create(calls.changing(target.projectOpenstackId), {
      name: input.name,
      description: input.description,
      size: input.size,
      imageId: input.imageId,
      volumeTypeId: input.volumeType,
      availabilityZone: null,
      marker: marker(rows),
    });
    return this.created(rows, volume);
  }

  private created(rows: Rows, seen: ObservedVolume): CreatedObject {
    return {
      openstackId: seen.openstackId,
      createdAt: seen.createdAt,
      isInUse: seen.attachments.length > 0,
      differs: seen.size === rows.input.size ? null : `its size is ${String(seen.size)} GiB`,
      writes: async (tx) => {
        await this.volumes.setOpenstackId(tx, rows.volume.id, seen.openstackId);
        await this.volumes.setObserved(tx, rows.volume.id, seen);
      },
    };
  }

  /** Once Cinder's id is recorded there is no way back; before that everything with the marker goes. */
  private async lookForUndo({ volume, target }: Rows, calls: StepCalls): Promise<Sight> {
    return volume.openstackId === null ? this.removal.look(target, calls) : { is: 'reached' };
  }

  private async lookForAvailable(rows: Rows, calls: StepCalls): Promise<Sight> {
    const { volume, target } = rows;
    const openstackId = volume.openstackId ?? '';
    const call = calls.reading(target.projectOpenstackId);
    const seen = await orNull(this.client.get(call, openstackId));
    if (seen === null) return vanished(volume);
    const observation = await this.types.withId(target.projectOpenstackId, seen);
    const writes = (tx: EntityManager): Promise<void> => this.volumes.setObservedOnServer(tx, volume.id, observation);
    if (seen.status === 'creating' || seen.status === 'downloading') return { is: 'passing', writes };
    if (!seen.status.startsWith('error')) return { is: 'reached', writes };
    if (volume.openstackStatus !== seen.status) return { is: 'passing', writes };
    const messages = await this.client.messages(call, openstackId);
    return { is: 'failed', fault: volumeFault('The volume could not be made', seen.status, messages) };
  }
}

function marker({ target }: Rows): string {
  return markerOf(target.deploymentId, target.uuid);
}

/** Another worker of Cinder's may not know a new volume for a moment. */
function vanished({ name }: VolumeEntity): Sight {
  const message = `Volume "${name}" was deleted in OpenStack while it was being made; create it again if it is still wanted.`;
  return { is: 'failed', doubtful: true, fault: { code: deletedOutside, message, openstackRequestIds: [] } };
}
