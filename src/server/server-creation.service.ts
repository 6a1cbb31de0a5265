import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { CatalogService } from '../catalog/catalog.service.js';
import type { Catalogue } from '../catalog/catalogue.js';
import type { Actor } from '../common/actor.js';
import { Config } from '../config/config.js';
import { Database } from '../database/database.js';
import { KeyPairService } from '../key-pair/key-pair.service.js';
import { NetworkInterfaceRepository } from '../network-interface/network-interface.repository.js';
import type { OperationEntity } from '../operation/operation.entity.js';
import { OperationService } from '../operation/operation.service.js';
import type { SecurityGroupEntity } from '../security-group/security-group.entity.js';
import { SecurityGroupAccessDenied, SecurityGroupNotFound } from '../security-group/security-group.errors.js';
import { SecurityGroupRepository } from '../security-group/security-group.repository.js';
import { VolumeRepository } from '../volume/volume.repository.js';
import { newAdminPassword } from './admin-password.js';
import type { ServerSecret } from './server-secret-input.js';
import { unusableChoice, type ServerChoice } from './server-choice.js';
import type { ServerCreationInput } from './server-creation-input.js';
import { serverCreation } from './server-creation.operation.js';
import { ServerRepository } from './server.repository.js';
import type { EntityManager } from '../database/transaction.js';

export interface CreateServerCommand extends ServerChoice {
  readonly name: string;
  readonly description: string | null;
  /** Ids of ours; null: the project's default group, empty: none. */
  readonly securityGroupIds: readonly number[] | null;
  /** One of the caller's own. */
  readonly keyPairId: number | null;
  /** Text for cloud-init and the like. */
  readonly userData: string | null;
  readonly needsAdminPassword: boolean;
  readonly isProtected: boolean;
}

/** A server that is going to be made. */
export interface AcceptedServer {
  readonly operation: OperationEntity;
  /** Shown this once; null where none was asked for, and in the answer to a repeated request. */
  readonly adminPassword: string | null;
}

/** What the checks before the transaction found. */
interface Checked {
  readonly catalogue: Catalogue | null;
  readonly keyPair: { readonly name: string; readonly publicKey: string } | null;
}

@Injectable()
export class ServerCreationService {
  constructor(
    private readonly config: Config,
    private readonly database: Database,
    private readonly catalog: CatalogService,
    private readonly keyPairs: KeyPairService,
    private readonly operations: OperationService,
    private readonly servers: ServerRepository,
    private readonly volumes: VolumeRepository,
    private readonly interfaces: NetworkInterfaceRepository,
    private readonly groups: SecurityGroupRepository,
  ) {}

  /**
   * Accepts a new server: one transaction writes its rows and the operation that makes it. The operation's
   * resource is the server.
   *
   * @throws SecurityGroupNotFound, SecurityGroupAccessDenied, KeyPairNotFound, FlavorNotFound, SubnetNotFound, VolumeTypeNotFound,
   *   AvailabilityZoneNotFound, ImageNotFound, NetworkNotFound,
   *   RootVolumeTooSmall, ServerNameTaken; nothing is kept then.
   */
  async create(actor: Actor, command: CreateServerCommand): Promise<AcceptedServer> {
    // Stays null when an earlier request is answered again: then nothing is inserted.
    let adminPassword: string | null = null;
    const operation = await this.operations.acceptPrepared(
      actor,
      () => this.check(actor, command),
      (tx, uuid, checked) => {
        adminPassword = command.needsAdminPassword ? newAdminPassword() : null;
        return this.insert(tx, uuid, { actor, command, checked, adminPassword });
      },
    );
    return { operation, adminPassword };
  }

  /** With the catalogue that the choices were checked by, or null where it is not known. */
  private async check(actor: Actor, command: CreateServerCommand): Promise<Checked> {
    const { securityGroupIds } = command;
    if (securityGroupIds !== null) {
      requireOwn(
        actor,
        securityGroupIds,
        await this.database.read((manager) => this.groups.find(manager, securityGroupIds)),
      );
    }
    const { keyPairId } = command;
    const keyPair = keyPairId === null ? null : await this.keyPairs.get(actor.principal, keyPairId, 'key_pair_id');
    const catalogue = await this.catalog.known(actor.principal.projectOpenstackId);
    const error = catalogue === null ? null : unusableChoice(catalogue, command);
    if (error !== null) throw error;
    return { catalogue, keyPair };
  }

  private async insert(
    tx: EntityManager,
    uuid: string,
    asked: {
      readonly actor: Actor;
      readonly command: CreateServerCommand;
      readonly checked: Checked;
      readonly adminPassword: string | null;
    },
  ): Promise<OperationEntity> {
    const { actor, command, checked, adminPassword } = asked;
    const { catalogue, keyPair } = checked;
    const { projectId } = actor.principal;
    const { securityGroupIds } = command;
    const groups = securityGroupIds === null ? null : await this.groups.findForShare(tx, securityGroupIds);
    if (securityGroupIds !== null && groups !== null) requireOwn(actor, securityGroupIds, groups);
    const serverId = await this.servers.insertBuilding(tx, {
      uuid: randomUUID(),
      projectId,
      flavorOpenstackId: command.flavorId,
      imageOpenstackId: command.imageId,
      name: command.name,
      description: command.description,
      availabilityZone: command.availabilityZone,
      keyName: keyPair?.name ?? null,
      isProtected: command.isProtected,
    });
    const volume = await this.volumes.insertRoot(tx, {
      uuid: randomUUID(),
      projectId,
      serverId,
      serverName: command.name,
      imageOpenstackId: command.imageId,
      size: command.rootVolumeSize,
    });
    const networkInterfaceId = await this.interfaces.insert(tx, {
      uuid: randomUUID(),
      projectId,
      serverId,
      networkOpenstackId: command.networkId,
    });
    if (groups !== null)
      await this.interfaces.setSecurityGroups(
        tx,
        networkInterfaceId,
        groups.map((group) => group.id),
      );
    const input: ServerCreationInput = {
      name: command.name,
      flavorId: command.flavorId,
      networkId: command.networkId,
      imageId: command.imageId,
      rootVolumeName: volume.name,
      rootVolumeSize: command.rootVolumeSize,
      securityGroupOpenstackIds: groupsForNeutron(groups, catalogue, command.networkId),
      volumeType: command.volumeType,
      subnetId: command.subnetId,
      availabilityZone: command.availabilityZone,
      publicKey: keyPair?.publicKey ?? null,
      isChecked: catalogue !== null,
    };
    const secret: ServerSecret = { userData: command.userData, adminPassword };
    return this.operations.begin(tx, {
      uuid,
      kind: serverCreation,
      resource: { type: 'server', id: serverId },
      serverId,
      projectId,
      actor,
      input,
      ...(secret.userData === null && secret.adminPassword === null ? {} : { secret: JSON.stringify(secret) }),
      locks: [
        { type: 'server', id: serverId },
        { type: 'volume', id: volume.id },
        { type: 'network_interface', id: networkInterfaceId },
      ],
      deadlineMs: Math.max(this.config.settings.DEADLINE_SERVER_CREATE_MS, this.config.settings.DEADLINE_IMAGE_COPY_MS),
    });
  }
}

/** @throws SecurityGroupNotFound, SecurityGroupAccessDenied */
function requireOwn({ principal }: Actor, ids: readonly number[], found: readonly SecurityGroupEntity[]): void {
  for (const [index, id] of ids.entries()) {
    const field = `security_group_ids.${String(index)}`;
    const group = found.find((candidate) => candidate.id === id);
    if (group === undefined) throw new SecurityGroupNotFound(id, field);
    if (group.projectId !== principal.projectId) throw new SecurityGroupAccessDenied(id, field);
  }
}

/** Neutron refuses groups on a network without port security; left out there means none, elsewhere the default group. */
function groupsForNeutron(
  groups: readonly SecurityGroupEntity[] | null,
  catalogue: Catalogue | null,
  networkId: string,
): string[] | null {
  if (groups !== null) return groups.map((group) => group.openstackId).filter((id) => id !== null);
  const network = catalogue?.networks.find((candidate) => candidate.id === networkId);
  return network?.portSecurityEnabled === false ? [] : null;
}
