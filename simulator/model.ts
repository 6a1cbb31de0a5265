/** What the cloud holds. Times are milliseconds since 1970, of the simulator's clock. */

export interface Domain {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly enabled: boolean;
}

export interface Project {
  readonly id: string;
  name: string;
  readonly domainId: string;
  description: string;
  enabled: boolean;
}

export interface User {
  readonly id: string;
  name: string;
  readonly domainId: string;
  password: string;
  enabled: boolean;
  description: string | null;
  email: string | null;
  defaultProjectId: string | null;
  /** A right password that may no longer be used, and what Keystone says of it. */
  passwordProblem: string | null;
  /** Tokens issued in this second or before are revoked. */
  revokedUntil: number;
}

export interface Role {
  readonly id: string;
  readonly name: string;
  /** The role that comes with it. */
  readonly implies: string | null;
}

export interface Assignment {
  readonly userId: string;
  readonly roleId: string;
  /** Null: on the system. */
  readonly projectId: string | null;
  /** Comes through a group: cannot be taken from the user alone. */
  readonly isInherited: boolean;
}

export interface Token {
  readonly id: string;
  readonly auditId: string;
  readonly userId: string;
  /** Null: unscoped. */
  readonly projectId: string | null;
  readonly isSystem: boolean;
  readonly issuedAt: number;
  readonly expiresAt: number;
  isRevoked: boolean;
  /** When each service last asked Keystone about it. */
  readonly seenBy: Map<string, number>;
}

export interface Flavor {
  readonly id: string;
  readonly name: string;
  readonly vcpus: number;
  /** MiB */
  readonly ram: number;
  /** GiB */
  readonly disk: number;
  readonly isPublic: boolean;
}

export interface Image {
  readonly id: string;
  readonly name: string;
  status: string;
  readonly ownerId: string;
  readonly visibility: 'public' | 'private' | 'shared';
  /** GiB */
  minDisk: number;
  /** MiB */
  readonly minRam: number;
  /** Bytes; null before the upload. */
  readonly size: number | null;
  readonly virtualSize: number | null;
  readonly createdAt: number;
}

export interface Fault {
  readonly code: number;
  readonly message: string;
  readonly at: number;
}

export interface AttachedVolume {
  readonly volumeId: string;
  readonly attachmentId: string;
  readonly device: string;
  readonly deleteOnTermination: boolean;
}

export interface ServerAction {
  readonly action: string;
  readonly requestId: string;
  readonly userId: string;
  readonly projectId: string;
  readonly startedAt: number;
  updatedAt: number;
  message: string | null;
}

export interface Server {
  readonly id: string;
  name: string;
  readonly projectId: string;
  readonly userId: string;
  readonly flavor: Flavor;
  readonly tags: string[];
  readonly metadata: Record<string, string>;
  description: string | null;
  vmState: string;
  taskState: string | null;
  /** 0 none, 1 running, 3 paused, 4 off */
  powerState: number;
  host: string | null;
  readonly zone: string;
  readonly keyName: string | null;
  readonly userData: string | null;
  /** To look at: Nova tells it once and never again. */
  readonly adminPass?: string;
  readonly volumes: AttachedVolume[];
  readonly portIds: string[];
  readonly actions: ServerAction[];
  fault: Fault | null;
  /** No host was found for it: it is kept in the cell without hosts, whose faults lists do not tell. */
  isUnplaced?: boolean;
  isLocked: boolean;
  readonly createdAt: number;
  updatedAt: number;
  launchedAt: number | null;
  deletedAt: number | null;
  /** What is under way; what was planned for another job is dropped when it falls due. */
  job: number;
}

export interface VolumeAttachment {
  readonly id: string;
  readonly serverId: string;
  readonly device: string;
  readonly host: string;
  readonly at: number;
}

export interface Volume {
  readonly id: string;
  name: string | null;
  description: string | null;
  readonly projectId: string;
  readonly userId: string;
  status: string;
  /** GiB */
  size: number;
  readonly type: string;
  readonly zone: string;
  readonly imageId: string | null;
  isBootable: boolean;
  readonly metadata: Record<string, string>;
  readonly attachments: VolumeAttachment[];
  /** Null until a backend was chosen. */
  host: string | null;
  readonly createdAt: number;
  updatedAt: number | null;
  job: number;
}

export interface Snapshot {
  readonly id: string;
  readonly volumeId: string;
  readonly projectId: string;
  name: string | null;
  readonly createdAt: number;
}

export interface Message {
  readonly id: string;
  readonly projectId: string;
  readonly resourceId: string;
  readonly text: string;
  readonly requestId: string;
  readonly at: number;
}

export interface VolumeType {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly isPublic: boolean;
}

/** What Neutron counts and dates. */
export interface Revised {
  readonly id: string;
  readonly projectId: string;
  description: string;
  readonly createdAt: number;
  updatedAt: number;
  revision: number;
}

export interface Network extends Revised {
  name: string;
  status: string;
  readonly isExternal: boolean;
  readonly isShared: boolean;
  readonly hasPortSecurity: boolean;
  readonly mtu: number;
}

export interface Subnet extends Revised {
  name: string;
  readonly networkId: string;
  readonly cidr: string;
  readonly ipVersion: 4;
  readonly gatewayIp: string;
  readonly poolStart: string;
  readonly poolEnd: string;
}

export interface Router extends Revised {
  name: string;
  readonly externalNetworkId: string;
  readonly subnetIds: readonly string[];
}

export interface FixedIp {
  readonly subnetId: string;
  readonly address: string;
}

export interface Port extends Revised {
  name: string;
  readonly networkId: string;
  mac: string;
  status: string;
  deviceId: string;
  deviceOwner: string;
  host: string;
  fixedIps: readonly FixedIp[];
  securityGroupIds: readonly string[];
  hasPortSecurity: boolean;
}

export interface FloatingIp extends Revised {
  readonly networkId: string;
  readonly subnetId: string;
  readonly address: string;
  status: string;
  portId: string | null;
  fixedAddress: string | null;
  routerId: string | null;
  job: number;
}

export interface SecurityGroup extends Revised {
  name: string;
}

export interface SecurityGroupRule extends Revised {
  readonly groupId: string;
  readonly direction: 'ingress' | 'egress';
  readonly etherType: 'IPv4' | 'IPv6';
  readonly protocol: string | null;
  readonly portMin: number | null;
  readonly portMax: number | null;
  readonly remotePrefix: string | null;
  readonly remoteGroupId: string | null;
  /** Made with its group, not asked for. */
  readonly isFromTemplate: boolean;
}

export interface KeyPair {
  readonly name: string;
  readonly userId: string;
  readonly publicKey: string;
  readonly type: string;
  readonly fingerprint: string;
  readonly createdAt: number;
}
