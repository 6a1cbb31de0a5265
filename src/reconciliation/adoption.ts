import { Injectable } from '@nestjs/common';
import type { ResourceType } from '../operation/operation-state.js';
import type { ManagedProject } from './reconciler.js';

/** One object of an adopted graph. */
export interface Adopted {
  readonly type: ResourceType;
  /** Ours; null in a dry run for what has no row yet. */
  readonly id: number | null;
  readonly openstackId: string;
  /** As OpenStack has it; its id where it has no name. */
  readonly name: string;
  /** It had no row before. */
  readonly isNew: boolean;
}

export interface AdoptionCommand {
  readonly openstackId: string;
  /** The project that it must be in. */
  readonly project: ManagedProject;
  /** Nothing is written: what would be adopted is told. */
  readonly isDryRun: boolean;
}

/** Takes over objects of one type that were not made here, with everything that belongs to them. */
export interface Adopter {
  readonly resourceType: ResourceType;
  /**
   * Reads OpenStack, never changes it; rows in one transaction. May be repeated: what has a row already keeps it.
   *
   * @returns the object itself first.
   * @throws UnmanagedResourceNotFound, AdoptionRefused, OpenStackError
   */
  adopt(command: AdoptionCommand): Promise<readonly Adopted[]>;
}

/** Those that the features have registered. */
@Injectable()
export class Adopters {
  private readonly registered = new Map<ResourceType, Adopter>();

  register(adopter: Adopter): void {
    this.registered.set(adopter.resourceType, adopter);
  }

  /** Null for what cannot be adopted. */
  of(resourceType: ResourceType): Adopter | null {
    return this.registered.get(resourceType) ?? null;
  }
}
