/** What an id in a request may lead to; those of the catalogue are OpenStack's, all others ours. */
export type Thing =
  | 'server'
  | 'volume'
  | 'interface'
  | 'floatingIp'
  | 'group'
  | 'keyPair'
  | 'user'
  | 'project'
  | 'operation'
  | 'network'
  | 'subnet'
  | 'image';

/** An id of each. */
export type Ids = Readonly<Record<Thing, number | string>>;

/** A status and its code. */
export type Refusal = readonly [status: 403 | 404 | 409, code: string];

export interface TenantRequest {
  readonly path: string;
  readonly body?: unknown;
}

/** One place of a request that holds an id. All other places hold the caller's own. */
export interface Position {
  /** What leads there: `path.server`, `body.security_group_ids`, … */
  readonly name: string;
  readonly thing: Thing;
  readonly request: (ids: Ids, own: Ids) => TenantRequest;
  /** `list`: 200 without it; null: who may see the caller's own may see this one too. */
  readonly foreign: Refusal | 'list' | null;
  /** For what is gone; `list`: 200 without it. */
  readonly gone: Refusal | 'list';
  /** Where an admin gets another answer than the above for a foreign one; `may`: any 2xx. */
  readonly admin?: Refusal | 'may';
}

type Make = (ids: Ids) => string;

const at = (
  name: string,
  thing: Thing,
  request: Position['request'],
  refusals: Omit<Position, 'name' | 'thing' | 'request'>,
): Position => ({
  name,
  thing,
  request,
  ...refusals,
});

/** In the path of a route that only reads. */
const read = (thing: Thing, path: Make, gone: string, foreign: Refusal): Position =>
  at('path', thing, (ids) => ({ path: path(ids) }), { foreign, gone: [404, gone], admin: 'may' });

/** In the path of a route that changes something, or asks OpenStack. */
const change = (thing: Thing, path: Make, gone: string, foreign: Refusal, body?: unknown): Position =>
  at('path', thing, (ids) => ({ path: path(ids), ...(body === undefined ? {} : { body }) }), {
    foreign,
    gone: [404, gone],
  });

/** In the path of a look at OpenStack; an admin has another route for what is elsewhere. */
const look = (thing: Thing, path: Make, gone: string, foreign: Refusal): Position =>
  change(thing, (ids) => `${path(ids)}/refresh`, gone, foreign);

/** In the query of a list. */
const filter = (thing: Thing, path: string, name: string): Position =>
  at(`query.${name}`, thing, (ids) => ({ path: `${path}?${name}=${String(ids[thing])}` }), {
    foreign: 'list',
    gone: 'list',
    admin: 'may',
  });

/** A list without any filter. */
const whole = (thing: Thing, path: string): Position =>
  at('whole', thing, () => ({ path }), { foreign: 'list', gone: 'list', admin: 'may' });

const server: Make = ({ server: id }) => `/servers/${String(id)}`;
const volume: Make = ({ volume: id }) => `/volumes/${String(id)}`;
const group: Make = ({ group: id }) => `/security-groups/${String(id)}`;
const floatingIp: Make = ({ floatingIp: id }) => `/floating-ips/${String(id)}`;
const nic: Make = ({ interface: id }) => `/network-interfaces/${String(id)}`;
const user: Make = ({ user: id }) => `/users/${String(id)}`;
const project: Make = ({ project: id }) => `/projects/${String(id)}`;
const keyPair: Make = ({ keyPair: id }) => `/key-pairs/${String(id)}`;

const adminOperation: Make = ({ operation: id }) => `/admin/operations/${String(id)}`;

const notFound = (code: string): Refusal => [404, code];
const denied = (code: string): Refusal => [403, code];

/** A server of the caller's own choices, but for what is changed. */
const newServer =
  (changes: (ids: Ids) => object) =>
  (ids: Ids): TenantRequest => ({
    path: '/servers',
    body: {
      name: 'mine',
      flavor_id: '2',
      network_id: ids.network,
      root_volume: { size: 1, image_id: ids.image },
      ...changes(ids),
    },
  });

const ruleNaming = (ids: Ids): object => ({
  name: 'mine',
  rules: [{ direction: 'ingress', ether_type: 'IPv4', remote_group_id: ids.group }],
});

const association: Make = (ids) => `${nic(ids)}/floating-ips/${String(ids.floatingIp)}`;
const associationPositions: readonly Position[] = [
  at('path.interface', 'interface', (ids) => ({ path: association(ids) }), {
    foreign: denied('NETWORK_INTERFACE_ACCESS_PERMISSION_DENIED'),
    gone: notFound('NETWORK_INTERFACE_NOT_FOUND'),
  }),
  at('path.floating_ip', 'floatingIp', (ids) => ({ path: association(ids) }), {
    foreign: denied('FLOATING_IP_ACCESS_PERMISSION_DENIED'),
    gone: notFound('FLOATING_IP_NOT_FOUND'),
  }),
];

const attachment: Make = (ids) => `${server(ids)}/volumes/${String(ids.volume)}`;
const attachmentPositions: readonly Position[] = [
  at('path.server', 'server', (ids) => ({ path: attachment(ids) }), {
    foreign: denied('SERVER_ACCESS_PERMISSION_DENIED'),
    gone: notFound('SERVER_NOT_FOUND'),
  }),
  at('path.volume', 'volume', (ids) => ({ path: attachment(ids) }), {
    foreign: denied('VOLUME_ACCESS_PERMISSION_DENIED'),
    gone: notFound('VOLUME_NOT_FOUND'),
  }),
];

/** An administrator's route: for nobody else, and not bound to a project. */
const administer = (thing: Thing, path: Make, gone: string, admin: Refusal | 'may'): Position => ({
  ...change(thing, path, gone, denied('PERMISSION_DENIED')),
  admin,
});

const membership: Make = (ids) => `${project(ids)}/users/${String(ids.user)}`;
const membershipOf = (stranger: Refusal | null): readonly Position[] => [
  at('path.project', 'project', (ids) => ({ path: membership(ids) }), {
    foreign: denied('PROJECT_ACCESS_DENIED'),
    gone: notFound('PROJECT_NOT_FOUND'),
  }),
  at('path.user', 'user', (ids) => ({ path: membership(ids) }), {
    foreign: stranger,
    gone: notFound('USER_NOT_FOUND'),
  }),
];

/** Oneself alone: of strangers nothing is told, and an admin, who sees everybody, is not everybody. */
const oneself = (path: Make, adminsRefusal: string, body?: unknown): Position => ({
  ...change('user', path, 'USER_NOT_FOUND', notFound('USER_NOT_FOUND'), body),
  admin: denied(adminsRefusal),
});

/**
 * Every route of the API, and where it takes ids. One without positions takes none that leads to anybody's things: of itself
 * (the caller's session), or none at all.
 */
export const tenantRoutes: Readonly<Record<string, readonly Position[]>> = {
  'GET /health/live': [],
  'GET /health/ready': [],

  'POST /auth/login': [],
  'POST /auth/refresh': [],
  'POST /auth/logout': [],
  'GET /auth/me': [],
  'POST /auth/project': [
    at('body.project_id', 'project', ({ project: id }) => ({ path: '/auth/project', body: { project_id: id } }), {
      foreign: denied('PROJECT_ACCESS_DENIED'),
      gone: denied('PROJECT_ACCESS_DENIED'),
      admin: 'may',
    }),
  ],

  'GET /users': [whole('user', '/users'), filter('user', '/users', 'user_id')],
  'POST /users': [],
  'GET /users/{id}': [read('user', user, 'USER_NOT_FOUND', notFound('USER_NOT_FOUND'))],
  'PUT /users/{id}/info': [oneself((ids) => `${user(ids)}/info`, 'USER_UPDATE_PERMISSION_DENIED', { name: 'mine' })],
  'PUT /users/{id}/password': [
    oneself((ids) => `${user(ids)}/password`, 'USER_UPDATE_PERMISSION_DENIED', {
      old_password: 'what it was before',
      new_password: 'what it is to be now',
    }),
  ],
  'DELETE /users/{id}': [oneself(user, 'USER_DELETE_PERMISSION_DENIED')],

  'GET /projects': [
    whole('project', '/projects'),
    filter('project', '/projects', 'ids'),
    filter('project', '/projects', 'ids_exclude'),
  ],
  'GET /projects/{id}': [read('project', project, 'PROJECT_NOT_FOUND', denied('PROJECT_ACCESS_DENIED'))],
  'PUT /projects/{id}': [
    change('project', project, 'PROJECT_NOT_FOUND', denied('PROJECT_ACCESS_DENIED'), { name: 'mine' }),
  ],
  // Who knows a colleague's id may add the colleague.
  'POST /projects/{id}/users/{uid}': membershipOf(null),
  'DELETE /projects/{id}/users/{uid}': membershipOf([409, 'USER_ROLE_NOT_IN_PROJECT']),

  'GET /key-pairs': [{ ...whole('keyPair', '/key-pairs'), admin: 'may' }],
  'POST /key-pairs': [],
  // A person's own, whoever else looks.
  'GET /key-pairs/{id}': [
    {
      ...read('keyPair', keyPair, 'KEY_PAIR_NOT_FOUND', notFound('KEY_PAIR_NOT_FOUND')),
      admin: [404, 'KEY_PAIR_NOT_FOUND'],
    },
  ],
  'DELETE /key-pairs/{id}': [change('keyPair', keyPair, 'KEY_PAIR_NOT_FOUND', notFound('KEY_PAIR_NOT_FOUND'))],

  'GET /flavors': [],
  'GET /volume-types': [],
  'GET /availability-zones': [],
  'GET /quotas': [],
  // OpenStack shows an admin what it shows the project that the admin is in.
  'GET /images': [whole('image', '/images')],
  'GET /networks': [whole('network', '/networks')],

  'GET /servers': [
    whole('server', '/servers'),
    filter('server', '/servers', 'id'),
    filter('server', '/servers', 'ids_contain'),
    filter('server', '/servers', 'ids_exclude'),
    at('query.name_like', 'server', () => ({ path: '/servers?name_like=canary' }), {
      foreign: 'list',
      gone: 'list',
      admin: 'may',
    }),
  ],
  'POST /servers': [
    at(
      'body.security_group_ids',
      'group',
      newServer((ids) => ({ security_group_ids: [ids.group] })),
      {
        foreign: denied('SECURITY_GROUP_ACCESS_DENIED'),
        gone: notFound('SECURITY_GROUP_NOT_FOUND'),
      },
    ),
    at(
      'body.key_pair_id',
      'keyPair',
      newServer((ids) => ({ key_pair_id: ids.keyPair })),
      {
        foreign: notFound('KEY_PAIR_NOT_FOUND'),
        gone: notFound('KEY_PAIR_NOT_FOUND'),
      },
    ),
    at(
      'body.network_id',
      'network',
      newServer(() => ({})),
      {
        foreign: notFound('NETWORK_NOT_FOUND'),
        gone: notFound('NETWORK_NOT_FOUND'),
      },
    ),
    at(
      'body.subnet_id',
      'subnet',
      newServer((ids) => ({ subnet_id: ids.subnet })),
      {
        foreign: notFound('SUBNET_NOT_FOUND'),
        gone: notFound('SUBNET_NOT_FOUND'),
      },
    ),
    at(
      'body.root_volume.image_id',
      'image',
      newServer(() => ({})),
      {
        foreign: notFound('IMAGE_NOT_FOUND'),
        gone: notFound('IMAGE_NOT_FOUND'),
      },
    ),
  ],
  'GET /servers/{id}': [read('server', server, 'SERVER_NOT_FOUND', denied('SERVER_ACCESS_PERMISSION_DENIED'))],
  'DELETE /servers/{id}': [change('server', server, 'SERVER_NOT_FOUND', denied('SERVER_DELETE_PERMISSION_DENIED'))],
  'POST /servers/{id}/refresh': [look('server', server, 'SERVER_NOT_FOUND', denied('SERVER_ACCESS_PERMISSION_DENIED'))],
  'PUT /servers/{id}/info': [
    change('server', (ids) => `${server(ids)}/info`, 'SERVER_NOT_FOUND', denied('SERVER_UPDATE_PERMISSION_DENIED'), {
      name: 'mine',
    }),
  ],
  'PUT /servers/{id}/status': [
    change(
      'server',
      (ids) => `${server(ids)}/status?status=SHUTOFF`,
      'SERVER_NOT_FOUND',
      denied('SERVER_UPDATE_PERMISSION_DENIED'),
    ),
  ],
  'POST /servers/{id}/actions/reboot': [
    change(
      'server',
      (ids) => `${server(ids)}/actions/reboot`,
      'SERVER_NOT_FOUND',
      denied('SERVER_UPDATE_PERMISSION_DENIED'),
    ),
  ],
  'GET /servers/{id}/vnc-url': [
    change('server', (ids) => `${server(ids)}/vnc-url`, 'SERVER_NOT_FOUND', denied('SERVER_ACCESS_PERMISSION_DENIED')),
  ],
  'POST /servers/{id}/console': [
    change('server', (ids) => `${server(ids)}/console`, 'SERVER_NOT_FOUND', denied('SERVER_ACCESS_PERMISSION_DENIED')),
  ],
  'GET /servers/{id}/console-log': [
    change(
      'server',
      (ids) => `${server(ids)}/console-log`,
      'SERVER_NOT_FOUND',
      denied('SERVER_ACCESS_PERMISSION_DENIED'),
    ),
  ],
  'POST /servers/{server_id}/volumes/{volume_id}': attachmentPositions,
  'DELETE /servers/{server_id}/volumes/{volume_id}': attachmentPositions,

  'GET /volumes': [whole('volume', '/volumes')],
  'POST /volumes': [
    at(
      'body.image_id',
      'image',
      ({ image }) => ({
        path: '/volumes',
        body: { name: 'mine', size: 1, volume_type_id: 'lab-ssd', image_id: image },
      }),
      { foreign: notFound('IMAGE_NOT_FOUND'), gone: notFound('IMAGE_NOT_FOUND') },
    ),
  ],
  'GET /volumes/{id}': [read('volume', volume, 'VOLUME_NOT_FOUND', denied('VOLUME_ACCESS_PERMISSION_DENIED'))],
  'POST /volumes/{id}/refresh': [look('volume', volume, 'VOLUME_NOT_FOUND', denied('VOLUME_ACCESS_PERMISSION_DENIED'))],
  'PUT /volumes/{id}/info': [
    change('volume', (ids) => `${volume(ids)}/info`, 'VOLUME_NOT_FOUND', denied('VOLUME_UPDATE_PERMISSION_DENIED'), {
      name: 'mine',
    }),
  ],
  'PUT /volumes/{id}/size': [
    change('volume', (ids) => `${volume(ids)}/size`, 'VOLUME_NOT_FOUND', denied('VOLUME_UPDATE_PERMISSION_DENIED'), {
      size: 9,
    }),
  ],
  'DELETE /volumes/{id}': [change('volume', volume, 'VOLUME_NOT_FOUND', denied('VOLUME_DELETE_PERMISSION_DENIED'))],

  'GET /security-groups': [whole('group', '/security-groups')],
  'POST /security-groups': [
    at('body.rules.remote_group_id', 'group', (ids) => ({ path: '/security-groups', body: ruleNaming(ids) }), {
      foreign: denied('SECURITY_GROUP_ACCESS_DENIED'),
      gone: notFound('SECURITY_GROUP_NOT_FOUND'),
    }),
  ],
  'GET /security-groups/{id}': [
    read('group', group, 'SECURITY_GROUP_NOT_FOUND', denied('SECURITY_GROUP_ACCESS_DENIED')),
  ],
  'POST /security-groups/{id}/refresh': [
    look('group', group, 'SECURITY_GROUP_NOT_FOUND', denied('SECURITY_GROUP_ACCESS_DENIED')),
  ],
  'PUT /security-groups/{id}': [
    change('group', group, 'SECURITY_GROUP_NOT_FOUND', denied('SECURITY_GROUP_UPDATE_PERMISSION_DENIED'), {
      name: 'mine',
      rules: [],
    }),
    at('body.rules.remote_group_id', 'group', (ids, own) => ({ path: group(own), body: ruleNaming(ids) }), {
      foreign: denied('SECURITY_GROUP_ACCESS_DENIED'),
      gone: notFound('SECURITY_GROUP_NOT_FOUND'),
    }),
  ],
  'DELETE /security-groups/{id}': [
    change('group', group, 'SECURITY_GROUP_NOT_FOUND', denied('SECURITY_GROUP_DELETE_PERMISSION_DENIED_EXCEPTION')),
  ],

  'GET /floating-ips': [whole('floatingIp', '/floating-ips')],
  'POST /floating-ips': [
    at(
      'body.floating_network_id',
      'network',
      ({ network }) => ({
        path: '/floating-ips',
        body: { floating_network_id: network },
      }),
      { foreign: notFound('NETWORK_NOT_FOUND'), gone: notFound('NETWORK_NOT_FOUND') },
    ),
  ],
  'GET /floating-ips/{id}': [
    read('floatingIp', floatingIp, 'FLOATING_IP_NOT_FOUND', denied('FLOATING_IP_ACCESS_DENIED')),
  ],
  'POST /floating-ips/{id}/refresh': [
    look('floatingIp', floatingIp, 'FLOATING_IP_NOT_FOUND', denied('FLOATING_IP_ACCESS_DENIED')),
  ],
  'DELETE /floating-ips/{id}': [
    change('floatingIp', floatingIp, 'FLOATING_IP_NOT_FOUND', denied('FLOATING_IP_DELETE_PERMISSION_DENIED')),
  ],

  'GET /network-interfaces': [
    whole('interface', '/network-interfaces'),
    filter('server', '/network-interfaces', 'server_id'),
  ],
  'GET /network-interfaces/{id}': [
    read('interface', nic, 'NETWORK_INTERFACE_NOT_FOUND', denied('NETWORK_INTERFACE_ACCESS_PERMISSION_DENIED')),
  ],
  'POST /network-interfaces/{id}/refresh': [
    look('interface', nic, 'NETWORK_INTERFACE_NOT_FOUND', denied('NETWORK_INTERFACE_ACCESS_PERMISSION_DENIED')),
  ],
  'PUT /network-interfaces/{id}/security-groups': [
    at(
      'path',
      'interface',
      (ids) => ({
        path: `${nic(ids)}/security-groups`,
        body: { security_group_ids: [ids.group] },
      }),
      {
        foreign: denied('NETWORK_INTERFACE_ACCESS_PERMISSION_DENIED'),
        gone: notFound('NETWORK_INTERFACE_NOT_FOUND'),
      },
    ),
    at(
      'body.security_group_ids',
      'group',
      (ids) => ({
        path: `${nic(ids)}/security-groups`,
        body: { security_group_ids: [ids.group] },
      }),
      {
        foreign: denied('SECURITY_GROUP_ACCESS_DENIED'),
        gone: notFound('SECURITY_GROUP_NOT_FOUND'),
      },
    ),
  ],
  'POST /network-interfaces/{network_interface_id}/floating-ips/{floating_ip_id}': associationPositions,
  'DELETE /network-interfaces/{network_interface_id}/floating-ips/{floating_ip_id}': associationPositions,

  // Administrators' alone; everybody else gets 403 (reconciliation-admin.test.ts).
  'POST /admin/reconciliations': [],
  'GET /admin/reconciliations': [],
  'GET /admin/reconciliations/{id}': [],
  'GET /admin/reconciliations/{id}/findings': [],
  'GET /admin/reconciliations/{id}/report': [],
  'POST /admin/reconciliations/{id}/apply': [],
  'POST /admin/reconciliations/{id}/cancel': [],
  'GET /admin/reconciliation-status': [],
  'GET /admin/reconciliation-policies': [],
  'PUT /admin/reconciliation-policies': [],
  'POST /admin/reconciliation/pause': [],
  'POST /admin/reconciliation/resume': [],
  'GET /admin/unmanaged-resources': [],
  'POST /admin/adoptions': [],
  'POST /admin/servers/{id}/refresh': [],
  'POST /admin/volumes/{id}/refresh': [],
  'POST /admin/network-interfaces/{id}/refresh': [],
  'POST /admin/floating-ips/{id}/refresh': [],
  'POST /admin/security-groups/{id}/refresh': [],
  'POST /admin/users/{id}/refresh': [],
  'POST /admin/projects/{id}/refresh': [],

  'GET /operations': [
    whole('operation', '/operations'),
    filter('operation', '/operations', 'id'),
    at(
      'query.resource_id',
      'server',
      ({ server: id }) => ({
        path: `/operations?resource_type=server&resource_id=${String(id)}`,
      }),
      { foreign: 'list', gone: 'list', admin: 'may' },
    ),
  ],
  'GET /operations/{id}': [
    read(
      'operation',
      ({ operation: id }) => `/operations/${String(id)}`,
      'OPERATION_NOT_FOUND',
      notFound('OPERATION_NOT_FOUND'),
    ),
  ],

  'GET /admin/audit-events': [
    ...(['project', 'user'] as const).map((thing) => ({
      ...filter(thing, '/admin/audit-events', thing === 'user' ? 'actor_user_id' : 'project_id'),
      foreign: denied('PERMISSION_DENIED'),
    })),
  ],
  'GET /admin/operations': [
    { ...whole('operation', '/admin/operations'), foreign: denied('PERMISSION_DENIED') },
    { ...filter('server', '/admin/operations', 'resource_id'), foreign: denied('PERMISSION_DENIED') },
  ],
  // It has ended.
  'POST /admin/operations/{id}/retry': [
    administer('operation', (ids) => `${adminOperation(ids)}/retry`, 'OPERATION_NOT_FOUND', [409, 'OPERATION_ENDED']),
  ],
  'POST /admin/operations/{id}/abandon': [
    administer('operation', (ids) => `${adminOperation(ids)}/abandon`, 'OPERATION_NOT_FOUND', [409, 'OPERATION_ENDED']),
  ],
};
