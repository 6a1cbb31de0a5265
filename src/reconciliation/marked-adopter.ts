import { adminCall } from '../openstack/openstack-call.js';
import { OpenStackNotFound } from '../openstack/openstack-errors.js';
import { UnmanagedResourceNotFound } from './adoption.errors.js';
import type { Adopted, Adopter, AdoptionCommand } from './adoption.js';
import { adoptable, requireInProject, type MarkedAdoption } from './marked-adoption.js';
import type { MarkedResource, ReconciledRow, SeenObject } from './marked-resource.js';
import type { MarkedTable } from './marked-rows.js';

/** Adopts objects of one type by themselves. */
export class MarkedAdopter<Row extends ReconciledRow, Seen extends SeenObject, Context> implements Adopter {
  readonly resourceType: MarkedTable;

  constructor(
    private readonly resource: MarkedResource<Row, Seen, Context>,
    private readonly adoption: MarkedAdoption,
  ) {
    this.resourceType = resource.resourceType;
  }

  async adopt(command: AdoptionCommand): Promise<readonly Adopted[]> {
    const askedAt = await this.adoption.now();
    const seen = await seeInProject(this.resource, command);
    return this.adoption.adopt(command, [adoptable(this.resource, seen)], askedAt);
  }
}

/** @throws UnmanagedResourceNotFound when it is not there, or in another project */
export async function seeInProject<Row extends ReconciledRow, Seen extends SeenObject, Context>(
  resource: MarkedResource<Row, Seen, Context>,
  { openstackId, project }: Pick<AdoptionCommand, 'openstackId' | 'project'>,
): Promise<Seen> {
  try {
    const seen = await resource.get(adminCall, openstackId);
    requireInProject(seen, resource.resourceType, project);
    return seen;
  } catch (error) {
    if (error instanceof OpenStackNotFound) throw new UnmanagedResourceNotFound(resource.resourceType, openstackId);
    throw error;
  }
}
