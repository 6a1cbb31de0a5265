import { accessOf, sees } from './access.js';
import type { Cloud } from './cloud.js';
import type { Json } from './json.js';
import { isRecord } from './json.js';
import { unauthenticatedElsewhere } from './keystone-errors.js';
import { runAction } from './cinder-actions.js';
import { listBody, page, type CinderCall } from './cinder-call.js';
import * as snapshots from './cinder-snapshots.js';
import * as volumes from './cinder-volumes.js';
import { microversionOf, withVersion, type VersionRange } from './microversion.js';
import type { VolumeType } from './model.js';
import { nowhere, refuse } from './openstack-fault.js';
import { zone } from './seed-names.js';
import { cinderQuotas, isQuotaName, type Quotas } from './settings.js';
import { ok, Refusal, Router, zoneless, type Answer, type Call } from './wire.js';

const range: VersionRange = { service: 'volume', major: 3, lowest: 0, highest: 71 };

const routes = new Router<CinderCall>()
  .on('GET /types', listTypes)
  .on('GET /types/{id}', showType)
  .on('GET /volumes', volumes.listVolumes)
  .on('POST /volumes', volumes.createVolume)
  .on('GET /volumes/detail', volumes.listVolumeDetails)
  .on('GET /volumes/{id}', volumes.showVolume)
  .on('PUT /volumes/{id}', volumes.updateVolume)
  .on('DELETE /volumes/{id}', volumes.deleteVolume)
  .on('POST /volumes/{id}/action', runAction)
  .on('GET /snapshots', snapshots.listSnapshots)
  .on('POST /snapshots', snapshots.createSnapshot)
  .on('GET /snapshots/detail', snapshots.listSnapshots)
  .on('GET /snapshots/{id}', snapshots.showSnapshot)
  .on('DELETE /snapshots/{id}', snapshots.deleteSnapshot)
  .on('GET /messages', listMessages)
  .on('GET /limits', showLimits)
  .on('GET /os-availability-zone', listZones)
  .on('GET /os-quota-sets/{id}', showQuotas)
  .on('PUT /os-quota-sets/{id}', setQuotas);

export function cinder(cloud: Cloud, call: Call): Answer {
  const { method, path, token, origin, headers } = call;
  if (method === 'GET' && (path === '' || path === '/')) return { status: 300, body: versions(origin) };
  if (token === null) return unauthenticatedElsewhere(origin);
  if (method === 'GET' && (path === '/v3' || path === '/v3/')) return ok(versions(origin));
  const minor = microversionOf(headers, range);
  try {
    return withVersion(handle(cloud, { ...call, token }, minor), minor, range);
  } catch (error) {
    if (error instanceof Refusal) throw new Refusal(withVersion(error.answer, minor, range));
    throw error;
  }
}

type KnownCall = Call & { readonly token: NonNullable<Call['token']> };

function handle(cloud: Cloud, call: KnownCall, minor: number): Answer {
  const access = accessOf(cloud, call.token);
  const [, version = '', projectId = '', ...rest] = call.path.split('/');
  if (version !== 'v3') return nowhere;
  // The path may leave the project out; what stands there must be the token's.
  const isProject = /^[0-9a-f]{32}$/.test(projectId);
  if (isProject && projectId !== access.projectId) throw refuse(400, 'Malformed request url');
  const below = `/${(isProject ? rest : [projectId, ...rest]).join('/')}`;
  const route = routes.find(call.method, below);
  if (route === null) return nowhere;
  if (call.hasBrokenBody) throw refuse(400, 'Malformed request body');
  return route({ ...call, cloud, access, minor, base: `${call.origin}/volume`, below });
}

function versions(origin: string): Json {
  const version = {
    id: 'v3.0',
    status: 'CURRENT',
    version: `3.${String(range.highest)}`,
    min_version: '3.0',
    updated: '2023-08-31T00:00:00Z',
    links: [
      { rel: 'describedby', type: 'text/html', href: 'https://docs.openstack.org/' },
      { rel: 'self', href: `${origin}/volume/v3/` },
    ],
    'media-types': [{ base: 'application/json', type: 'application/vnd.openstack.volume+json;version=3' }],
  };
  return { versions: [version] };
}

function typeView({ id, name, isPublic, description }: VolumeType): Json {
  const shown = { id, name, is_public: isPublic, description, extra_specs: {} };
  return { ...shown, 'os-volume-type-access:is_public': isPublic };
}

function listTypes(call: CinderCall): Answer {
  const asksForAll = call.access.isAdmin && /^none$/i.test(call.query.get('is_public') ?? '');
  const views = [...call.cloud.volumeTypes.values()].filter(({ isPublic }) => isPublic || asksForAll);
  const { items, links } = page(call, views, 'Volume type');
  return ok(listBody('volume_types', items.map(typeView), 'volume_type_links', links));
}

function showType(call: CinderCall, id: string): Answer {
  const types = [...call.cloud.volumeTypes.values()];
  const type =
    types.find((one) => one.id === id) ?? types.find(({ name }) => id === 'default' && name === '__DEFAULT__');
  if (type === undefined) throw refuse(404, `Volume type ${id} could not be found.`);
  return ok({ volume_type: typeView(type) });
}

function listMessages(call: CinderCall): Answer {
  const { cloud, access, query, minor, base } = call;
  if (minor < 3) return nowhere;
  const resource = query.get('resource_uuid');
  const found = cloud.messages
    .filter((message) => sees(access, message) && (resource === null || message.resourceId === resource))
    .map((message) => ({
      id: message.id,
      event_id: 'VOLUME_VOLUME_001_003',
      user_message: message.text,
      message_level: 'ERROR',
      created_at: zoneless(message.at),
      guaranteed_until: zoneless(message.at + 30 * 86_400_000),
      request_id: message.requestId,
      links: [{ rel: 'self', href: `${base}/v3/${access.projectId}/messages/${message.id}` }],
      resource_type: 'VOLUME',
      resource_uuid: message.resourceId,
    }));
  const { items, links } = page(call, found, 'Message');
  return ok(listBody('messages', items, 'messages_links', links));
}

function showLimits({ cloud, access }: CinderCall): Answer {
  const { projectId } = access;
  const quotas = cloud.quotasOf(projectId);
  const absolute = {
    maxTotalVolumes: quotas.volumes,
    maxTotalSnapshots: quotas.snapshots,
    maxTotalVolumeGigabytes: quotas.gigabytes,
    maxTotalBackups: quotas.backups,
    maxTotalBackupGigabytes: quotas.backup_gigabytes,
    totalVolumesUsed: cloud.used(projectId, 'volumes'),
    totalGigabytesUsed: cloud.used(projectId, 'gigabytes'),
    totalSnapshotsUsed: cloud.used(projectId, 'snapshots'),
    totalBackupsUsed: 0,
    totalBackupGigabytesUsed: 0,
  };
  return ok({ limits: { rate: [], absolute } });
}

function listZones(): Answer {
  return ok({ availabilityZoneInfo: [{ zoneName: zone, zoneState: { available: true } }] });
}

function showQuotas(call: CinderCall, projectId: string): Answer {
  const { cloud, access, query } = call;
  if (!access.isAdmin && projectId !== access.projectId) {
    throw refuse(403, "Policy doesn't allow volume_extension:quotas:show to be performed.");
  }
  const quotas = cloud.quotasOf(projectId);
  const hasUse = /^true$/i.test(query.get('usage') ?? '');
  const values = cinderQuotas.map((name) => {
    return [name, hasUse ? { limit: quotas[name], in_use: cloud.used(projectId, name), reserved: 0 } : quotas[name]];
  });
  return ok({ quota_set: { ...Object.fromEntries(values), id: projectId } });
}

function setQuotas(call: CinderCall, projectId: string): Answer {
  const { cloud, access, body } = call;
  if (!access.isAdmin) throw refuse(403, "Policy doesn't allow volume_extension:quotas:update to be performed.");
  const given = isRecord(body) ? body['quota_set'] : undefined;
  if (!isRecord(given)) throw refuse(400, "'quota_set' is a required property");
  const quotas: Partial<Quotas> = {};
  for (const [name, value] of Object.entries(given))
    if (isQuotaName(name) && typeof value === 'number') quotas[name] = value;
  cloud.setQuotas(projectId, quotas);
  const all = cloud.quotasOf(projectId);
  return ok({ quota_set: Object.fromEntries(cinderQuotas.map((name) => [name, all[name]])) });
}
