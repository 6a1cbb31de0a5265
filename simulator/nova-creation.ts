import { randomBytes, randomUUID } from 'node:crypto';
import { isRecord, listOf, shown, textOf, textsOf } from './json.js';
import type { Server } from './model.js';
import type { NovaCall } from './nova-call.js';
import { requireWriter } from './nova-call.js';
import * as checks from './nova-creation-checks.js';
import { beginAction } from './nova-servers.js';
import { createdServerView } from './nova-views.js';
import { refuse } from './openstack-fault.js';
import { zone } from './seed-names.js';
import { startBuild } from './server-lifecycle.js';
import { reserveVolume } from './volume-lifecycle.js';
import { ok, type Answer } from './wire.js';

/** The checks come in Nova's order: it decides what a client hears first. */
export function createServer(call: NovaCall): Answer {
  requireWriter(call, 'servers:create');
  const { cloud, access, minor } = call;
  const given = isRecord(call.body) ? call.body['server'] : undefined;
  if (!isRecord(given)) throw refuse(400, "'server' is a required property");
  if (minor < 52 && 'tags' in given) {
    throw refuse(
      400,
      `Invalid input for field/attribute server. Value: ${shown(given)}. Additional properties are not allowed ('tags' was unexpected)`,
    );
  }
  checks.checkShape(given);
  const flavor = checks.flavorOf(call, given);
  checks.checkZone(given);
  checkGroups(call, given);
  const ports = checks.portsFor(call, given);
  const keyName = checks.checkKey(call, given);
  const disks = checks.disksFor(call, given);
  checks.checkQuotas(call, flavor);
  for (const { volume } of disks) checks.checkReservable(call, volume);

  const adminPass = textOf(given, 'adminPass') ?? randomBytes(9).toString('base64url');
  const now = cloud.now();
  const server: Server = {
    id: randomUUID(),
    name: textOf(given, 'name') ?? '',
    projectId: access.projectId,
    userId: access.userId,
    flavor,
    tags: [...textsOf(given, 'tags')],
    metadata: metadataOf(given['metadata']),
    description: textOf(given, 'description'),
    vmState: 'building',
    taskState: 'scheduling',
    powerState: 0,
    host: null,
    zone,
    keyName,
    userData: textOf(given, 'user_data'),
    adminPass,
    volumes: disks.map(({ volume, deleteOnTermination }, index) => ({
      volumeId: volume.id,
      attachmentId: randomUUID(),
      device: `/dev/sd${String.fromCharCode(97 + index)}`,
      deleteOnTermination,
    })),
    portIds: ports.map(({ id }) => id),
    actions: [],
    fault: null,
    isLocked: false,
    createdAt: now,
    updatedAt: now,
    launchedAt: null,
    deletedAt: null,
    job: cloud.next(),
  };
  cloud.servers.set(server.id, server);
  for (const { volume } of disks) reserveVolume(cloud, volume);
  beginAction(call, server, 'create');
  startBuild(cloud, server);
  const headers = { Location: `${call.base}/v2.1/servers/${server.id}` };
  return { ...ok({ server: createdServerView(call, server, adminPass) }, 202), headers, created: server.id };
}

function checkGroups({ cloud, access }: NovaCall, given: Readonly<Record<string, unknown>>): void {
  for (const group of listOf(given, 'security_groups').filter(isRecord)) {
    const wanted = textOf(group, 'name') ?? '';
    const isKnown = [...cloud.securityGroups.values()].some(
      ({ id, name, projectId }) => projectId === access.projectId && (id === wanted || name === wanted),
    );
    if (!isKnown && wanted !== 'default')
      throw refuse(400, `Unable to find security_group with name or id '${wanted}'`);
  }
}

function metadataOf(value: unknown): Record<string, string> {
  const entries = isRecord(value) ? Object.entries(value) : [];
  return Object.fromEntries(entries.map(([key, text]) => [key, String(text)]));
}
