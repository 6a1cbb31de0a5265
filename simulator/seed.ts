import { bareUuid, seededUuid, type Cloud } from './cloud.js';
import type { Revised } from './model.js';
import { ensureDefaultGroup } from './security-group-lifecycle.js';
import type { Quotas } from './settings.js';

const id = (name: string): string => bareUuid(seededUuid(name));

/** What every simulator starts with; ids are the same in each. */
export const seed = {
  domainId: 'default',
  projects: {
    admin: id('project admin'),
    demo: id('project demo'),
    other: id('project other'),
    service: id('project service'),
  },
  roles: {
    admin: id('role admin'),
    manager: id('role manager'),
    member: id('role member'),
    reader: id('role reader'),
    service: id('role service'),
  },
  /** The passwords are no secret: the cloud holds nothing, and they work nowhere else. */
  users: {
    admin: { id: id('user admin'), password: 'admin-secret-1' },
    demo: { id: id('user demo'), password: 'demo-secret-1' },
    mate: { id: id('user mate'), password: 'mate-secret-1' },
    viewer: { id: id('user viewer'), password: 'viewer-secret-1' },
    other: { id: id('user other'), password: 'other-secret-1' },
  },
  flavors: { 'lab.nano': '1', 'm1.tiny': '2', 'm1.small': '3', 'm1.medium': '4', 'm1.large': '5' },
  images: {
    'lab-tiny': seededUuid('image lab-tiny'),
    'lab-rescue': seededUuid('image lab-rescue'),
    'lab-big': seededUuid('image lab-big'),
    'other-private': seededUuid('image other-private'),
    'lab-queued': seededUuid('image lab-queued'),
  },
  networks: {
    public: seededUuid('network public'),
    private: seededUuid('network private'),
    'other-private': seededUuid('network other-private'),
    'no-router': seededUuid('network no-router'),
    'no-port-security': seededUuid('network no-port-security'),
  },
  subnets: {
    public: seededUuid('subnet public'),
    private: seededUuid('subnet private'),
    'other-private': seededUuid('subnet other-private'),
    'no-router': seededUuid('subnet no-router'),
    'no-port-security': seededUuid('subnet no-port-security'),
  },
  routers: { demo: seededUuid('router demo'), other: seededUuid('router other') },
  volumeTypes: {
    __DEFAULT__: seededUuid('volume type __DEFAULT__'),
    'lab-ssd': seededUuid('volume type lab-ssd'),
    'lab-hdd': seededUuid('volume type lab-hdd'),
  },
} as const;

const unlimited: Partial<Quotas> = {
  instances: -1,
  cores: -1,
  ram: -1,
  port: -1,
  floatingip: -1,
  security_group: -1,
  security_group_rule: -1,
  volumes: -1,
  gigabytes: -1,
  snapshots: -1,
};

export function plant(cloud: Cloud): void {
  plantIdentity(cloud);
  plantCompute(cloud);
  plantImages(cloud);
  plantNetworks(cloud);
  plantVolumeTypes(cloud);
  for (const projectId of Object.values(seed.projects)) cloud.setQuotas(projectId, unlimited);
  for (const projectId of [seed.projects.demo, seed.projects.other]) ensureDefaultGroup(cloud, projectId);
}

function plantIdentity(cloud: Cloud): void {
  const { projects, users, roles } = seed;
  cloud.domains.set('default', { id: 'default', name: 'Default', description: 'The default domain', enabled: true });
  const second = id('domain lab-domain');
  cloud.domains.set(second, { id: second, name: 'lab-domain', description: '', enabled: true });
  for (const [name, projectId] of Object.entries(projects)) {
    cloud.projects.set(projectId, { id: projectId, name, domainId: 'default', description: '', enabled: true });
  }
  const implied: Readonly<Record<string, string | null>> = {
    admin: roles.manager,
    manager: roles.member,
    member: roles.reader,
  };
  for (const [name, roleId] of Object.entries(roles)) {
    cloud.roles.set(roleId, { id: roleId, name, implies: implied[name] ?? null });
  }
  const homes: Readonly<Record<string, string>> = { admin: projects.admin, other: projects.other };
  for (const [name, { id: userId, password }] of Object.entries(users)) {
    plantUser(cloud, { id: userId, name, password, projectId: homes[name] ?? projects.demo });
  }
  for (const name of ['nova', 'neutron', 'cinder', 'glance', 'placement']) {
    plantUser(cloud, { id: id(`user ${name}`), name, password: id(`password ${name}`), projectId: projects.service });
  }
  const assign = (userId: string, roleId: string, projectId: string): number =>
    cloud.assignments.push({ userId, roleId, projectId, isInherited: false });
  assign(users.admin.id, roles.admin, projects.admin);
  assign(users.admin.id, roles.admin, projects.demo);
  assign(users.demo.id, roles.member, projects.demo);
  assign(users.mate.id, roles.member, projects.demo);
  assign(users.viewer.id, roles.reader, projects.demo);
  assign(users.other.id, roles.member, projects.other);
  for (const name of ['nova', 'neutron', 'cinder', 'glance', 'placement']) {
    assign(id(`user ${name}`), roles.service, projects.service);
  }
}

function plantUser(
  cloud: Cloud,
  user: { readonly id: string; readonly name: string; readonly password: string; readonly projectId: string },
): void {
  cloud.users.set(user.id, {
    id: user.id,
    name: user.name,
    domainId: 'default',
    password: user.password,
    enabled: true,
    description: null,
    email: null,
    defaultProjectId: user.projectId,
    passwordProblem: null,
    revokedUntil: 0,
  });
}

function plantCompute(cloud: Cloud): void {
  const sizes = { 'lab.nano': [1, 64, 0], 'm1.tiny': [1, 512, 1], 'm1.small': [1, 2048, 20] };
  const bigger = { 'm1.medium': [2, 4096, 40], 'm1.large': [4, 8192, 80] };
  const ids: Readonly<Record<string, string>> = seed.flavors;
  for (const [name, [vcpus = 1, ram = 64, disk = 0]] of Object.entries({ ...sizes, ...bigger })) {
    const flavorId = ids[name] ?? name;
    cloud.flavors.set(flavorId, { id: flavorId, name, vcpus, ram, disk, isPublic: true });
  }
}

function plantImages(cloud: Cloud): void {
  const mebibyte = 2 ** 20;
  const admin = seed.projects.admin;
  const image = { status: 'active', ownerId: admin, minDisk: 0, minRam: 0, size: mebibyte, virtualSize: mebibyte };
  const { images } = seed;
  const shown = { visibility: 'public', createdAt: cloud.now() } as const;
  cloud.images.set(images['lab-tiny'], { ...image, ...shown, id: images['lab-tiny'], name: 'lab-tiny' });
  cloud.images.set(images['lab-rescue'], { ...image, ...shown, id: images['lab-rescue'], name: 'lab-rescue' });
  cloud.images.set(images['lab-big'], { ...image, ...shown, id: images['lab-big'], name: 'lab-big', minDisk: 20 });
  cloud.images.set(images['other-private'], {
    ...image,
    ...shown,
    id: images['other-private'],
    name: 'other-private',
    visibility: 'private',
    ownerId: seed.projects.other,
  });
  cloud.images.set(images['lab-queued'], {
    ...image,
    ...shown,
    id: images['lab-queued'],
    name: 'lab-queued',
    status: 'queued',
    size: null,
    virtualSize: null,
  });
}

type NetworkName = keyof typeof seed.networks;

function plantNetworks(cloud: Cloud): void {
  const { admin, demo, other } = seed.projects;
  const plantNetwork = (
    name: NetworkName,
    projectId: string,
    cidr: string,
    pool: readonly [string, string],
    more: { readonly isExternal?: true; readonly hasPortSecurity?: false } = {},
  ): void => {
    const now = cloud.now();
    const revised: Omit<Revised, 'id'> = { projectId, description: '', createdAt: now, updatedAt: now, revision: 2 };
    const networkId = seed.networks[name];
    cloud.networks.set(networkId, {
      ...revised,
      id: networkId,
      name,
      status: 'ACTIVE',
      isExternal: more.isExternal ?? false,
      isShared: false,
      hasPortSecurity: more.hasPortSecurity ?? true,
      mtu: more.isExternal === true ? 1500 : 1442,
    });
    const gatewayIp = cidr.replace(/0\/\d+$/, '1');
    const subnet = {
      ...revised,
      id: seed.subnets[name],
      networkId,
      name: `${name}-subnet`,
      cidr,
      gatewayIp,
      revision: 0,
    };
    cloud.subnets.set(subnet.id, { ...subnet, ipVersion: 4, poolStart: pool[0], poolEnd: pool[1] });
  };
  plantNetwork('public', admin, '198.18.0.0/20', ['198.18.0.10', '198.18.15.250'], { isExternal: true });
  plantNetwork('private', demo, '10.20.0.0/16', ['10.20.0.2', '10.20.255.254']);
  plantNetwork('other-private', other, '10.30.0.0/16', ['10.30.0.2', '10.30.255.254']);
  plantNetwork('no-router', demo, '10.40.0.0/24', ['10.40.0.2', '10.40.0.254']);
  plantNetwork('no-port-security', demo, '10.50.0.0/24', ['10.50.0.2', '10.50.0.254'], { hasPortSecurity: false });
  plantRouter(cloud, 'demo', demo, seed.subnets.private);
  plantRouter(cloud, 'other', other, seed.subnets['other-private']);
}

function plantRouter(cloud: Cloud, name: keyof typeof seed.routers, projectId: string, subnetId: string): void {
  const now = cloud.now();
  const routerId = seed.routers[name];
  cloud.routers.set(routerId, {
    id: routerId,
    name: `${name}-router`,
    projectId,
    description: '',
    createdAt: now,
    updatedAt: now,
    revision: 3,
    externalNetworkId: seed.networks.public,
    subnetIds: [subnetId],
  });
}

function plantVolumeTypes(cloud: Cloud): void {
  const { __DEFAULT__: plain, 'lab-ssd': ssd, 'lab-hdd': hdd } = seed.volumeTypes;
  cloud.volumeTypes.set(hdd, { id: hdd, name: 'lab-hdd', description: null, isPublic: true });
  cloud.volumeTypes.set(ssd, { id: ssd, name: 'lab-ssd', description: null, isPublic: true });
  cloud.volumeTypes.set(plain, { id: plain, name: '__DEFAULT__', description: 'Default Volume Type', isPublic: true });
}
