import { accessOf } from './access.js';
import type { Cloud } from './cloud.js';
import type { Json } from './json.js';
import { unauthenticatedElsewhere } from './keystone-errors.js';
import { microversionOf, withVersion, type VersionRange } from './microversion.js';
import { listAttachments, attachVolume, detachVolume, showAttachment } from './nova-attachments.js';
import { runAction, listActions, showAction, createConsole } from './nova-actions.js';
import { createServer } from './nova-creation.js';
import { forbidden, type NovaCall } from './nova-call.js';
import { createFlavor, deleteFlavor } from './nova-flavors.js';
import { listInterfaces } from './nova-interfaces.js';
import * as keys from './nova-key-pairs.js';
import { pageOf } from './nova-page.js';
import * as quotas from './nova-quotas.js';
import * as servers from './nova-servers.js';
import { flavorView } from './nova-views.js';
import { nowhere, refuse } from './openstack-fault.js';
import { zone } from './seed-names.js';
import { ok, Refusal, Router, type Answer, type Call } from './wire.js';

const range: VersionRange = { service: 'compute', major: 2, lowest: 1, highest: 100 };

const routes = new Router<NovaCall>()
  .on('GET /v2.1/flavors', (call) => listFlavors(call, false))
  .on('GET /v2.1/flavors/detail', (call) => listFlavors(call, true))
  .on('POST /v2.1/flavors', createFlavor)
  .on('GET /v2.1/flavors/{id}', showFlavor)
  .on('DELETE /v2.1/flavors/{id}', deleteFlavor)
  .on('GET /v2.1/servers', servers.listServers)
  .on('POST /v2.1/servers', createServer)
  .on('GET /v2.1/servers/detail', servers.listServerDetails)
  .on('GET /v2.1/servers/{id}', servers.showServer)
  .on('PUT /v2.1/servers/{id}', servers.updateServer)
  .on('DELETE /v2.1/servers/{id}', servers.deleteServer)
  .on('POST /v2.1/servers/{id}/action', runAction)
  .on('POST /v2.1/servers/{id}/remote-consoles', createConsole)
  .on('GET /v2.1/servers/{id}/os-instance-actions', listActions)
  .on('GET /v2.1/servers/{id}/os-instance-actions/{request}', showAction)
  .on('GET /v2.1/servers/{id}/os-interface', listInterfaces)
  .on('GET /v2.1/servers/{id}/os-volume_attachments', listAttachments)
  .on('POST /v2.1/servers/{id}/os-volume_attachments', attachVolume)
  .on('GET /v2.1/servers/{id}/os-volume_attachments/{volume}', showAttachment)
  .on('DELETE /v2.1/servers/{id}/os-volume_attachments/{volume}', detachVolume)
  .on('GET /v2.1/os-keypairs', keys.listKeyPairs)
  .on('POST /v2.1/os-keypairs', keys.createKeyPair)
  .on('GET /v2.1/os-keypairs/{name}', keys.showKeyPair)
  .on('DELETE /v2.1/os-keypairs/{name}', keys.deleteKeyPair)
  .on('GET /v2.1/limits', quotas.showLimits)
  .on('GET /v2.1/os-quota-sets/{id}', quotas.showQuotas)
  .on('PUT /v2.1/os-quota-sets/{id}', quotas.setQuotas)
  .on('GET /v2.1/os-quota-sets/{id}/detail', quotas.showQuotaDetails)
  .on('GET /v2.1/os-availability-zone', listZones);

export function nova(cloud: Cloud, call: Call): Answer {
  const { method, path, token, origin, headers } = call;
  const base = `${origin}/compute`;
  if (method === 'GET' && (path === '' || path === '/')) {
    const old = { id: 'v2.0', status: 'SUPPORTED', version: '', min_version: '', updated: '2011-01-21T11:33:21Z' };
    const links = [{ rel: 'self', href: `${base}/v2/` }];
    return ok({ versions: [{ ...old, links }, version(base)] });
  }
  const isVersion = method === 'GET' && (path === '/v2.1' || path === '/v2.1/');
  if (!isVersion && token === null) return unauthenticatedElsewhere(origin);
  const minor = microversionOf(headers, range);
  if (isVersion) return withVersion(ok({ version: versionDetails(base) }), minor, range);
  const route = routes.find(method, path);
  if (route === null || token === null) return nowhere;
  try {
    if (call.hasBrokenBody) throw refuse(400, 'Malformed request body');
    const access = accessOf(cloud, token);
    if (!access.mayRead) throw forbidden(`os_compute_api:servers:${path.endsWith('/detail') ? 'detail' : 'index'}`);
    return withVersion(route({ ...call, token, cloud, access, minor, base }), minor, range);
  } catch (error) {
    if (error instanceof Refusal) throw new Refusal(withVersion(error.answer, minor, range));
    throw error;
  }
}

function version(base: string): Json {
  return {
    id: 'v2.1',
    status: 'CURRENT',
    version: `2.${String(range.highest)}`,
    min_version: '2.1',
    updated: '2013-07-23T11:33:21Z',
    links: [{ rel: 'self', href: `${base}/v2.1/` }],
  };
}

function versionDetails(base: string): Json {
  const links = [
    { rel: 'self', href: `${base}/v2.1/` },
    { rel: 'describedby', type: 'text/html', href: 'http://docs.openstack.org/' },
  ];
  const types = [{ base: 'application/json', type: 'application/vnd.openstack.compute+json;version=2.1' }];
  return { ...version(base), links, 'media-types': types };
}

function listFlavors(call: NovaCall, isDetailed: boolean): Answer {
  const { cloud, access, query } = call;
  const asksForAll = access.isAdmin && /^none$/i.test(query.get('is_public') ?? '');
  const visible = [...cloud.flavors.values()].filter(({ isPublic }) => isPublic || asksForAll);
  const { items, links } = pageOf(call, isDetailed ? 'flavors/detail' : 'flavors', visible);
  const body = { flavors: items.map((flavor) => flavorView(call, flavor, isDetailed)) };
  return ok(links.length === 0 ? body : { ...body, flavors_links: links });
}

function showFlavor(call: NovaCall, id: string): Answer {
  const flavor = call.cloud.flavors.get(id);
  if (flavor === undefined) throw refuse(404, `Flavor ${id} could not be found.`);
  return ok({ flavor: flavorView(call, flavor, true) });
}

function listZones(): Answer {
  return ok({ availabilityZoneInfo: [{ zoneName: zone, zoneState: { available: true }, hosts: null }] });
}
