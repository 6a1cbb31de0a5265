import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { CatalogService } from '../catalog/catalog.service.js';
import type { Catalogue } from '../catalog/catalogue.js';
import type { Actor } from '../common/actor.js';
import { Config } from '../config/config.js';
import type { EntityManager } from '../database/transaction.js';
import type { OperationEntity } from '../operation/operation.entity.js';
import { OperationService } from '../operation/operation.service.js';
import { unusableVolumeChoice, volumeTypeId, type VolumeChoice } from './volume-choice.js';
import type { VolumeCreationInput } from './volume-creation-input.js';
import { volumeCreation } from './volume-creation.operation.js';
import { VolumeRepository } from './volume.repository.js';

export interface CreateVolumeCommand extends VolumeChoice {
  readonly name: string;
  readonly description: string | null;
  /** GiB. */
  readonly size: number;
  readonly isProtected: boolean;
}

@Injectable()
export class VolumeCreationService {
  constructor(
    private readonly config: Config,
    private readonly catalog: CatalogService,
    private readonly operations: OperationService,
    private readonly volumes: VolumeRepository,
  ) {}

  /**
   * Accepts a new volume. Returns the operation that makes it, whose resource is the volume.
   *
   * @throws VolumeNameTaken, VolumeTypeNotFound, ImageNotFound; nothing is kept then.
   */
  async create(actor: Actor, command: CreateVolumeCommand): Promise<OperationEntity> {
    return this.operations.acceptPrepared(
      actor,
      () => this.catalog.known(actor.principal.projectOpenstackId),
      (tx, uuid, catalogue) => this.insert(tx, uuid, actor, command, catalogue),
    );
  }

  private async insert(
    tx: EntityManager,
    uuid: string,
    actor: Actor,
    command: CreateVolumeCommand,
    catalogue: Catalogue | null,
  ): Promise<OperationEntity> {
    const { projectId, projectOpenstackId } = actor.principal;
    const { name, description, size, imageId } = command;
    const typeId = catalogue === null ? null : volumeTypeId(catalogue, command.volumeType);
    const id = await this.volumes.insertCreating(tx, {
      uuid: randomUUID(),
      projectId,
      name,
      description,
      size,
      volumeTypeOpenstackId: typeId,
      imageOpenstackId: imageId,
      isProtected: command.isProtected,
    });
    // After the name, which the contract has first.
    const error = catalogue === null ? null : unusableVolumeChoice(catalogue, command);
    if (error !== null) throw error;
    const input: VolumeCreationInput = {
      projectOpenstackId,
      name,
      description,
      size,
      volumeType: typeId ?? command.volumeType,
      imageId,
      isChecked: catalogue !== null,
    };
    const { DEADLINE_DEFAULT_MS, DEADLINE_IMAGE_COPY_MS } = this.config.settings;
    return this.operations.begin(tx, {
      uuid,
      kind: volumeCreation,
      resource: { type: 'volume', id },
      serverId: null,
      projectId,
      actor,
      input,
      locks: [{ type: 'volume', id }],
      deadlineMs: imageId === null ? DEADLINE_DEFAULT_MS : Math.max(DEADLINE_DEFAULT_MS, DEADLINE_IMAGE_COPY_MS),
    });
  }
}
