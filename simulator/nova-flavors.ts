import { randomUUID } from 'node:crypto';
import { isRecord, numberOf, textOf } from './json.js';
import type { Flavor } from './model.js';
import { forbidden, type NovaCall } from './nova-call.js';
import { flavorView } from './nova-views.js';
import { refuse } from './openstack-fault.js';
import { empty, ok, type Answer } from './wire.js';

/** An admin's. */
export function createFlavor(call: NovaCall): Answer {
  const { cloud, access, body } = call;
  if (!access.isAdmin) throw forbidden('os_compute_api:os-flavor-manage:create');
  const given = isRecord(body) ? body['flavor'] : undefined;
  if (!isRecord(given)) throw refuse(400, "Invalid input for field/attribute flavor. 'flavor' is a required property");
  const name = textOf(given, 'name') ?? '';
  const id = textOf(given, 'id') ?? randomUUID();
  if ([...cloud.flavors.values()].some((one) => one.name === name)) {
    throw refuse(409, `Flavor with name ${name} already exists.`);
  }
  if (cloud.flavors.has(id)) throw refuse(409, `Flavor with ID ${id} already exists.`);
  const flavor: Flavor = {
    id,
    name,
    vcpus: numberOf(given, 'vcpus') ?? 1,
    ram: numberOf(given, 'ram') ?? 1,
    disk: numberOf(given, 'disk') ?? 0,
    isPublic: given['os-flavor-access:is_public'] !== false,
  };
  cloud.flavors.set(id, flavor);
  return ok({ flavor: flavorView(call, flavor, true) });
}

export function deleteFlavor({ cloud, access }: NovaCall, id: string): Answer {
  if (!access.isAdmin) throw forbidden('os_compute_api:os-flavor-manage:delete');
  if (!cloud.flavors.delete(id)) throw refuse(404, `Flavor ${id} could not be found.`);
  return { ...empty(), status: 202 };
}
