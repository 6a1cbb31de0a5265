import { sees } from './access.js';
import { isRecord, listOf, shown, textOf, type Json } from './json.js';
import type { Flavor, Port, Volume } from './model.js';
import type { NovaCall } from './nova-call.js';
import { refuse } from './openstack-fault.js';
import { zone } from './seed-names.js';
import { novaQuotas, type QuotaName } from './settings.js';
import { isUuid } from './wire.js';

const field = 'Invalid input for field/attribute';

const fields = [
  'name',
  'flavorRef',
  'imageRef',
  'networks',
  'block_device_mapping_v2',
  'tags',
  'availability_zone',
  'key_name',
];
const moreFields = [
  'user_data',
  'security_groups',
  'metadata',
  'description',
  'config_drive',
  'min_count',
  'max_count',
  'adminPass',
  'personality',
];
const otherFields = [
  'host',
  'hypervisor_hostname',
  'trusted_image_certificates',
  'OS-DCF:diskConfig',
  'accessIPv4',
  'accessIPv6',
  'return_reservation_id',
  'hostname',
];

/** What Nova's schema says of the body. */
export function checkShape(given: Json): void {
  for (const name of ['name', 'flavorRef', 'networks']) {
    if (!(name in given))
      throw refuse(400, `${field} server. Value: ${shown(given)}. '${name}' is a required property`);
  }
  const unknown = Object.keys(given).filter((name) => ![...fields, ...moreFields, ...otherFields].includes(name));
  if (unknown.length > 0) {
    const names = unknown.map((name) => `'${name}'`).join(', ');
    throw refuse(
      400,
      `${field} server. Value: ${shown(given)}. Additional properties are not allowed (${names} was unexpected)`,
    );
  }
  checkServerName(given['name']);
  checkTags(listOf(given, 'tags'));
  const userData = textOf(given, 'user_data');
  if (userData !== null && userData.length > 65_535)
    throw refuse(400, `${field} user_data. Value: ${userData}. '${userData}' is too long`);
  const { networks } = given;
  const isWord = networks === 'none' || networks === 'auto';
  const isList = Array.isArray(networks) && networks.every(isWellFormed);
  if (!isWord && !isList) {
    throw refuse(
      400,
      `${field} networks. Value: ${shown(networks)}. ${shown(networks)} is not valid under any of the given schemas`,
    );
  }
}

function isWellFormed(network: unknown): boolean {
  if (!isRecord(network)) return false;
  return ['port', 'uuid'].every((key) => network[key] === undefined || isUuid(textOf(network, key) ?? ''));
}

/** Printable, of the BMP, without white space at its edges. */
export function checkServerName(name: unknown): void {
  if (typeof name !== 'string')
    throw refuse(400, `${field} name. Value: ${shown(name)}. ${shown(name)} is not of type 'string'`);
  if (name === '') throw refuse(400, `${field} name. Value: . '' is too short`);
  if (name.length > 255) throw refuse(400, `${field} name. Value: ${name}. '${name}' is too long`);
  const isPrintable = !/[\p{C}\p{Zl}\p{Zp}\u{10000}-\u{10FFFF}]/u.test(name);
  if (isPrintable && name.trim() === name) return;
  throw refuse(
    400,
    "An invalid 'name' value was provided. The name must be: printable characters. Can not start or end with whitespace.",
  );
}

export function checkTags(tags: readonly unknown[]): void {
  for (const [index, tag] of tags.entries()) {
    const place = `${field} ${String(index)}. Value: ${shown(tag)}`;
    if (typeof tag !== 'string') throw refuse(400, `${place}. ${shown(tag)} is not of type 'string'`);
    if (tag.length > 60) throw refuse(400, `${place}. '${tag}' is too long`);
    if (!/^[^,/]+$/.test(tag)) throw refuse(400, `${place}. '${tag}' does not match '^[^,/]*$'`);
  }
  if (tags.length > 50) throw refuse(400, `${field} tags. is too long`);
}

export function flavorOf({ cloud, access }: NovaCall, given: Json): Flavor {
  const id = String(given['flavorRef']);
  const flavor = cloud.flavors.get(id);
  if (flavor === undefined || !(flavor.isPublic || access.isAdmin))
    throw refuse(400, `Flavor ${id} could not be found.`);
  return flavor;
}

export function checkZone(given: Json): void {
  const wanted = textOf(given, 'availability_zone');
  if (wanted !== null && wanted.split(':')[0] !== zone) {
    throw refuse(400, 'The requested availability zone is not available');
  }
}

export function checkKey({ cloud, access }: NovaCall, given: Json): string | null {
  const name = textOf(given, 'key_name');
  if (name === null) return null;
  if (!cloud.keyPairs.has(`${access.userId} ${name}`)) throw refuse(400, 'Invalid key_name provided.');
  return name;
}

/** Ports of the project, in nobody's use. */
export function portsFor({ cloud, access }: NovaCall, given: Json): Port[] {
  const networks = listOf(given, 'networks').filter(isRecord);
  return networks.flatMap((network) => {
    const id = textOf(network, 'port');
    if (id === null) {
      const networkId = textOf(network, 'uuid') ?? '';
      if (cloud.networks.has(networkId)) throw refuse(501, 'The simulator makes no ports for a server: give one.');
      throw refuse(400, `Network ${networkId} could not be found.`);
    }
    const port = cloud.ports.get(id);
    if (port === undefined || !sees(access, port)) throw refuse(400, `Port id ${id} could not be found.`);
    if (port.deviceId !== '') throw refuse(409, `Port ${id} is still in use.`);
    return [port];
  });
}

export interface RootDisk {
  readonly volume: Volume;
  readonly deleteOnTermination: boolean;
}

/** Existing volumes of the project; without any there is nothing to boot from. */
export function disksFor({ cloud, access }: NovaCall, given: Json): RootDisk[] {
  const mappings = listOf(given, 'block_device_mapping_v2').filter(isRecord);
  const imageId = textOf(given, 'imageRef') ?? '';
  if (mappings.length === 0) {
    if (imageId === '') throw refuse(400, 'Missing imageRef attribute');
    if (!cloud.images.has(imageId)) throw refuse(400, 'Can not find requested image');
    throw refuse(501, 'The simulator boots from volumes only.');
  }
  if (imageId !== '' && !cloud.images.has(imageId)) throw refuse(400, 'Can not find requested image');
  return mappings.map((mapping) => {
    const id = textOf(mapping, 'uuid') ?? '';
    const volume = cloud.volumes.get(id);
    if (volume === undefined || !sees(access, volume)) {
      throw refuse(400, `Block Device Mapping is Invalid: failed to get volume ${id}.`);
    }
    return { volume, deleteOnTermination: mapping['delete_on_termination'] === true };
  });
}

export function checkReservable({ requestId }: NovaCall, { id, status }: Volume): void {
  if (status === 'available' || status === 'downloading') return;
  const reason = `Volume ${id} status must be available or downloading to reserve, but the current status is ${status}.`;
  throw refuse(
    400,
    `Invalid volume: Invalid input received: Invalid volume: ${reason} (HTTP 400) (Request-ID: ${requestId})`,
  );
}

export function checkQuotas({ cloud, access }: NovaCall, flavor: Flavor): void {
  const { projectId } = access;
  const requested: Partial<Record<QuotaName, number>> = { cores: flavor.vcpus, instances: 1, ram: flavor.ram };
  const over = novaQuotas.filter((name) => cloud.exceeds(projectId, name, requested[name] ?? 0));
  if (over.length === 0) return;
  const quotas = cloud.quotasOf(projectId);
  const list = (value: (name: QuotaName) => number): string => over.map((name) => String(value(name))).join(', ');
  const names = over.join(', ');
  const wanted = list((name) => requested[name] ?? 0);
  const used = list((name) => cloud.used(projectId, name));
  const allowed = list((name) => quotas[name]);
  throw refuse(
    403,
    `Quota exceeded for ${names}: Requested ${wanted}, but already used ${used} of ${allowed} ${names}`,
  );
}
