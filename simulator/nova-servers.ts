import { sees } from './access.js';
import { isRecord, textOf } from './json.js';
import type { Server } from './model.js';
import { findServer, forbidden, lookAtServer, requireWriter, type NovaCall } from './nova-call.js';
import { pageOf } from './nova-page.js';
import { floatingIpsByPort, serverView, shortServerView, statusOf } from './nova-views.js';
import { refuse } from './openstack-fault.js';
import { deleteServer as removeServer, softDeleteServer } from './server-lifecycle.js';
import { empty, ok, type Answer } from './wire.js';
import type { Json } from './json.js';
import { checkServerName } from './nova-creation-checks.js';

const steering = [
  'limit',
  'marker',
  'sort_key',
  'sort_dir',
  'all_tenants',
  'changes-since',
  'changes-before',
  'deleted',
];
const filters = [
  'name',
  'status',
  'tags',
  'tags-any',
  'uuid',
  'project_id',
  'tenant_id',
  'user_id',
  'host',
  'ip',
  'flavor',
];
const moreFilters = [
  'image',
  'availability_zone',
  'key_name',
  'locked',
  'not-tags',
  'not-tags-any',
  'vm_state',
  'task_state',
  'reservation_id',
];
const statuses = [
  'ACTIVE',
  'BUILD',
  'DELETED',
  'ERROR',
  'HARD_REBOOT',
  'MIGRATING',
  'PASSWORD',
  'PAUSED',
  'REBOOT',
  'REBUILD',
  'RESCUE',
  'RESIZE',
];
const moreStatuses = [
  'REVERT_RESIZE',
  'SHELVED',
  'SHELVED_OFFLOADED',
  'SHUTOFF',
  'SOFT_DELETED',
  'SUSPENDED',
  'UNKNOWN',
  'VERIFY_RESIZE',
];

export function listServers(call: NovaCall): Answer {
  return ok(list(call, 'servers', (server) => shortServerView(call, server)));
}

export function listServerDetails(call: NovaCall): Answer {
  const floatingIps = floatingIpsByPort(call);
  return ok(list(call, 'servers/detail', (server) => serverView(call, server, { isShown: false, floatingIps })));
}

function list(call: NovaCall, path: string, view: (server: Server) => Json): Json {
  const { query } = call;
  checkQuery(call, path);
  if (call.cloud.isCellDown && call.minor < 69) return { servers: [] };
  const isListed = listing(call);
  const holds = conditionsOf(query);
  const { items, links } = pageOf(call, path, candidates(call), (server) => isListed(server) && holds(server));
  const body = { servers: items.map(view) };
  return links.length === 0 ? body : { ...body, servers_links: links };
}

function checkQuery({ query, access }: NovaCall, path: string): void {
  for (const name of new Set(query.keys())) {
    if ([...steering, ...filters, ...moreFilters].includes(name) || name.startsWith('_')) continue;
    throw refuse(400, `'${name}' does not match any of the regexes: '^_'`);
  }
  if (isEverywhere(query) && !access.isAdmin) {
    throw forbidden(`os_compute_api:servers:${path === 'servers' ? 'index' : 'detail'}:get_all_tenants`);
  }
  const name = query.get('name');
  if (name !== null && !isPattern(name)) {
    throw refuse(400, `Invalid input for query parameters name. Value: ${name}. '${name}' is not a 'regex'`);
  }
  const since = query.get('changes-since');
  if (since !== null && Number.isNaN(Date.parse(since))) {
    const text = `Value: ${since}. '${since}' is not a 'date-time'`;
    throw refuse(400, `Invalid input for query parameters changes-since. ${text}`);
  }
  const status = query.get('status')?.toUpperCase();
  if (status !== undefined && ![...statuses, ...moreStatuses].includes(status)) {
    throw refuse(400, 'Invalid status value');
  }
}

function isEverywhere(query: URLSearchParams): boolean {
  return /^(1|true|t|yes|on)$/i.test(query.get('all_tenants') ?? '');
}

/** Newest first. With `changes-since` those that are gone too. */
function candidates({ cloud, query }: NovaCall): readonly Server[] {
  if (!query.has('changes-since')) return cloud.servers.newestFirst;
  return [...cloud.deletedServers.values(), ...cloud.servers.values()].reverse();
}

/** SOFT_DELETED ones only on demand. */
function listing({ cloud, access, query }: NovaCall): (server: Server) => boolean {
  const withSoftDeleted = asksForSoftDeleted(query);
  const everywhere = isEverywhere(query);
  const project = everywhere ? (query.get('project_id') ?? query.get('tenant_id')) : access.projectId;
  return (server) =>
    (server.vmState !== 'soft-delete' || withSoftDeleted) &&
    (project === null || server.projectId === project) &&
    !cloud.isTooFresh(server) &&
    (everywhere || sees(access, server));
}

function asksForSoftDeleted(query: URLSearchParams): boolean {
  const status = query.get('status')?.toUpperCase();
  return query.has('changes-since') || status === 'SOFT_DELETED' || /^(1|true)$/i.test(query.get('deleted') ?? '');
}

/** Read once for a list, not for each of its servers: a list of many is asked for page by page. */
function conditionsOf(query: URLSearchParams): (server: Server) => boolean {
  const conditions: ((server: Server) => boolean)[] = [];
  const add = (name: string, conditionOf: (wanted: string) => (server: Server) => boolean): void => {
    const wanted = query.get(name);
    if (wanted !== null) conditions.push(conditionOf(wanted));
  };
  add('name', (wanted) => {
    const pattern = new RegExp(wanted, 'i');
    return ({ name }) => pattern.test(name);
  });
  add('status', (wanted) => (server) => statusOf(server) === wanted.toUpperCase());
  add(
    'uuid',
    (wanted) =>
      ({ id }) =>
        id === wanted,
  );
  add('changes-since', (wanted) => {
    const since = Date.parse(wanted);
    return ({ updatedAt }) => Math.floor(updatedAt / 1000) * 1000 >= since;
  });
  add('tags', (wanted) => {
    const all = wanted.split(',');
    return ({ tags }) => all.every((tag) => tags.includes(tag));
  });
  add('tags-any', (wanted) => {
    const any = wanted.split(',');
    return ({ tags }) => any.some((tag) => tags.includes(tag));
  });
  add(
    'user_id',
    (wanted) =>
      ({ userId }) =>
        userId === wanted,
  );
  add(
    'flavor',
    (wanted) =>
      ({ flavor }) =>
        flavor.id === wanted,
  );
  add(
    'host',
    (wanted) =>
      ({ host }) =>
        host === wanted,
  );
  return (server) => conditions.every((holds) => holds(server));
}

/** The name is a regular expression. */
function isPattern(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}

export function showServer(call: NovaCall, id: string): Answer {
  return ok({ server: serverView(call, lookAtServer(call, id), { isShown: true }) });
}

export function updateServer(call: NovaCall, id: string): Answer {
  requireWriter(call, 'servers:update');
  const server = findServer(call, id);
  const given = isRecord(call.body) ? call.body['server'] : undefined;
  if (!isRecord(given)) throw refuse(400, "'server' is a required property");
  const name = textOf(given, 'name');
  if ('name' in given) checkServerName(given['name']);
  server.name = name ?? server.name;
  server.description = textOf(given, 'description') ?? server.description;
  server.updatedAt = call.cloud.now();
  return ok({ server: serverView(call, server, { isShown: true }) });
}

/** In every state, in BUILD too; again while it runs is fine. */
export function deleteServer(call: NovaCall, id: string): Answer {
  requireWriter(call, 'servers:delete');
  const { cloud } = call;
  const server = findServer(call, id);
  refuseLocked(call, server);
  if (server.taskState === 'deleting') return empty();
  beginAction(call, server, 'delete');
  if (cloud.settings.soft_delete && server.vmState !== 'building' && server.vmState !== 'soft-delete') {
    softDeleteServer(cloud, server);
  } else {
    removeServer(cloud, server);
  }
  return empty();
}

export function refuseLocked({ access }: NovaCall, server: Server): void {
  if (server.isLocked && !access.isAdmin) throw refuse(409, `Instance ${server.id} is locked`);
}

/** For os-instance-actions. */
export function beginAction({ cloud, access, requestId }: NovaCall, server: Server, action: string): void {
  const now = cloud.now();
  const { userId } = access;
  const { projectId } = server;
  server.actions.unshift({ action, requestId, userId, projectId, startedAt: now, updatedAt: now, message: null });
}
