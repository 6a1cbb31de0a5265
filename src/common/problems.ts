import type { ErrorKind, FieldError } from './errors.js';

/** The one place that knows HTTP statuses. */
export const statusOf = {
  malformed: 400,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  precondition: 412,
  invalid: 422,
  'too-many': 429,
  unavailable: 503,
} as const satisfies Record<ErrorKind, number>;

/** What the transport refuses before any of our code runs; no DomainError stands behind these. */
export const transportProblems = {
  MALFORMED_REQUEST: { status: 400, detail: 'The request cannot be read' },
  ROUTE_NOT_FOUND: { status: 404, detail: 'There is no route GET /nowhere' },
  METHOD_NOT_ALLOWED: { status: 405, detail: 'PATCH is not allowed for /servers; see Allow' },
  URI_TOO_LONG: { status: 414, detail: 'A part of the path is too long' },
  BODY_TOO_LARGE: { status: 413, detail: 'The body must have at most 102400 bytes on this route' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, detail: 'The body must be JSON, and Content-Type must say application/json' },
  INTERNAL_ERROR: { status: 500, detail: 'Something went wrong on our side; give the request id to the operators' },
} as const;

interface Documented {
  readonly kind: ErrorKind;
  /** What is answered, where one code has two statuses; the key, when left out. */
  readonly code?: string;
  /** An example of `detail`. */
  readonly detail: string;
  readonly errors?: readonly FieldError[];
  readonly blockedBy?: readonly { readonly type: string; readonly id: number; readonly name: string | null }[];
  readonly operationId?: number;
}

/** Every code that a DomainError may carry, with an example for the description of the API. */
export const problems = {
  // ---- every route ----
  VALIDATION_FAILED: {
    kind: 'invalid',
    detail: 'name: must have 1 to 255 characters',
    errors: [{ field: 'name', message: 'must have 1 to 255 characters', type: 'length' }],
  },
  PERMISSION_DENIED: { kind: 'forbidden', detail: 'This needs the role member; you are reader in this project' },
  INVALID_ACCESS_TOKEN: {
    kind: 'unauthenticated',
    detail: 'The access token has expired; POST /auth/refresh gives a new one for the refresh token',
  },
  DATABASE_UNAVAILABLE: {
    kind: 'unavailable',
    detail: 'The database cannot be reached; nothing was changed that was not answered. Try again shortly.',
  },
  OPENSTACK_UNAVAILABLE: { kind: 'unavailable', detail: 'OpenStack cannot be reached; try again shortly' },
  NOT_READY: { kind: 'unavailable', detail: 'MySQL cannot be reached' },

  PRECONDITION_FAILED: {
    kind: 'precondition',
    detail: 'The resource has changed since it was read; read it again and decide anew',
  },
  TOO_MANY_REQUESTS: { kind: 'too-many', detail: 'Too many requests; try again in 1 s' },
  IDEMPOTENCY_KEY_REUSED: {
    kind: 'invalid',
    detail: 'This Idempotency-Key was sent with another request before; use a new key for a new change',
    errors: [{ field: 'Idempotency-Key', in: 'header', message: 'belongs to another request', type: 'reused' }],
  },
  IDEMPOTENCY_KEY_IN_USE: {
    kind: 'conflict',
    detail: 'The first request with this Idempotency-Key is still being carried out; ask again when it has ended',
    operationId: 17,
  },

  // ---- refusals of OpenStack and of operations ----
  OPERATION_IN_PROGRESS: {
    kind: 'conflict',
    detail: 'Another operation is under way on this resource; follow it at /operations/17',
    operationId: 17,
  },
  OPERATION_NOT_FOUND: { kind: 'not-found', detail: 'There is no operation 17 that you may see' },
  QUOTA_EXCEEDED: {
    kind: 'conflict',
    detail: 'Neutron refused allocating the address; it said: Quota exceeded for resources: floatingip',
  },
  CAPACITY_UNAVAILABLE: { kind: 'conflict', detail: 'Nova found no host for the server: No valid host was found' },
  OPENSTACK_CONFLICT: { kind: 'conflict', detail: 'Nova refused deleting the server; it said: it is busy' },
  OPENSTACK_REFUSED: { kind: 'conflict', detail: 'Nova refused creating the server; it said: Invalid flavor' },
  DEADLINE_EXCEEDED: { kind: 'conflict', detail: 'OpenStack did not finish creating the server in time' },
  OPERATION_ABANDONED: {
    kind: 'conflict',
    detail: 'An administrator ended the operation before it was done; what it left in OpenStack is taken away',
  },
  OPERATION_ENDED: {
    kind: 'conflict',
    detail: 'Operation 17 has ended already: it is SUCCEEDED',
    operationId: 17,
  },
  OPERATION_CANCELLED: { kind: 'conflict', detail: 'The operation was cancelled by the deletion of the server' },

  // ---- sessions ----
  /** The same code with another status: the caller is known, the old password is wrong. */
  INVALID_AUTH_OLD_PASSWORD: {
    kind: 'forbidden',
    code: 'INVALID_AUTH',
    detail: 'The old password is wrong',
    errors: [{ field: 'old_password', message: 'is wrong', type: 'wrong' }],
  },
  INVALID_AUTH: { kind: 'unauthenticated', detail: 'Account id and password do not match' },
  PASSWORD_EXPIRED: { kind: 'forbidden', detail: 'The password has expired and must be changed in OpenStack' },
  PROJECT_ACCESS_DENIED: { kind: 'forbidden', detail: 'You are not a member of project 3' },
  USER_NOT_JOINED_ANY_PROJECT: { kind: 'malformed', detail: 'This account is in no project; ask an administrator' },

  TOO_MANY_ATTEMPTS: {
    kind: 'too-many',
    detail:
      'Too many failed attempts with this account id, which is locked from every address, whether or not there is such an account; try again in 14 minutes. Sessions that are open go on.',
  },
  INVALID_REFRESH_TOKEN: {
    kind: 'unauthenticated',
    detail: 'The refresh token is unknown, was used before or belongs to a session that has ended; log in again',
  },

  // ---- users and projects ----
  SIGN_UP_CLOSED: { kind: 'forbidden', detail: 'Accounts are made by the administrators of this installation' },
  USER_ACCOUNT_ID_DUPLICATE: {
    kind: 'conflict',
    detail: 'The account id "ada" is taken; choose another one',
    errors: [{ field: 'account_id', message: 'is taken', type: 'duplicate' }],
  },
  USER_NOT_FOUND: { kind: 'not-found', detail: 'There is no user 3 that shares a project with you' },
  USER_UPDATE_PERMISSION_DENIED: { kind: 'forbidden', detail: 'You may change your own account only' },
  USER_DELETE_PERMISSION_DENIED: {
    kind: 'forbidden',
    detail: 'You may delete your own account only; an administrator also one that is in no project',
  },
  LAST_USER_DELETION_NOT_ALLOWED: { kind: 'conflict', detail: 'This is the last user of the domain' },
  LAST_PROJECT_MEMBER: {
    kind: 'conflict',
    detail: 'User 3 is the last member of project "demo"',
    blockedBy: [{ type: 'project', id: 1, name: 'demo' }],
  },
  IMPORTED_USER_DELETION: {
    kind: 'conflict',
    detail: 'This account was not made here but imported; have it deleted where it was made',
  },
  PROJECT_NOT_FOUND: { kind: 'not-found', detail: 'There is no project 3' },
  PROJECT_NAME_DUPLICATED: {
    kind: 'conflict',
    detail: 'A project named "demo" exists already; choose another name',
    errors: [{ field: 'name', message: 'is taken', type: 'duplicate' }],
  },
  USER_ROLE_ALREADY_IN_PROJECT: { kind: 'conflict', detail: 'User 3 is in project 1 already' },
  USER_ROLE_NOT_IN_PROJECT: { kind: 'conflict', detail: 'User 3 is not in project 1' },
  ROLE_INHERITED: {
    kind: 'conflict',
    detail: 'The role comes from a group or from the domain, and can be taken away only there',
  },

  // ---- servers ----
  SERVER_NOT_FOUND: { kind: 'not-found', detail: 'There is no server 42' },
  SERVER_ACCESS_PERMISSION_DENIED: { kind: 'forbidden', detail: 'Server 42 belongs to another project' },
  SERVER_UPDATE_PERMISSION_DENIED: {
    kind: 'forbidden',
    detail: 'Server 42 belongs to another project and cannot be changed from this one',
  },
  INVALID_SERVER_STATUS_UPDATE_REQUEST: {
    kind: 'malformed',
    detail: 'A server can be set to ACTIVE or SHUTOFF, not to PAUSED',
    errors: [{ field: 'status', in: 'query', message: 'must be ACTIVE or SHUTOFF', type: 'enum' }],
  },
  SERVER_STATUS_INVALID_TO_START: {
    kind: 'conflict',
    detail: 'Server 42 is ACTIVE; only one in SHUTOFF can be started',
  },
  SERVER_STATUS_INVALID_TO_STOP: {
    kind: 'conflict',
    detail: 'Server 42 is SHUTOFF; only one in ACTIVE or ERROR can be stopped',
  },
  SERVER_STATUS_INVALID_TO_REBOOT: {
    kind: 'conflict',
    detail: 'Server 42 is SHUTOFF; only one that runs can be rebooted',
  },
  SERVER_STATUS_INVALID_FOR_CONSOLE: {
    kind: 'conflict',
    detail: 'Server 42 is SHUTOFF; only one that runs has a console',
  },
  SERVER_STATUS_INVALID_FOR_ATTACHING: {
    kind: 'conflict',
    detail: 'Server 42 is SUSPENDED; volumes are attached to servers that are ACTIVE, SHUTOFF, PAUSED or shelved',
  },
  SERVER_NOT_MATCHED: {
    kind: 'malformed',
    detail: 'Volume 9 is attached to another server than the one named',
  },
  SERVER_DELETE_PERMISSION_DENIED: {
    kind: 'forbidden',
    detail: 'Server 42 belongs to another project and cannot be deleted from this one',
  },
  SERVER_NAME_DUPLICATE: {
    kind: 'conflict',
    detail: 'A server named "web-1" already exists in this project; choose another name or delete that server',
    errors: [{ field: 'name', message: 'is taken in this project', type: 'duplicate' }],
    blockedBy: [{ type: 'server', id: 42, name: 'web-1' }],
  },
  PROTECTED: {
    kind: 'conflict',
    detail: 'Server "web-1" is protected; take the protection off before deleting it',
    blockedBy: [{ type: 'server', id: 42, name: 'web-1' }],
  },

  // ---- volumes ----
  VOLUME_NOT_FOUND: { kind: 'not-found', detail: 'There is no volume 9' },
  VOLUME_ACCESS_PERMISSION_DENIED: { kind: 'forbidden', detail: 'Volume 9 belongs to another project' },
  VOLUME_UPDATE_PERMISSION_DENIED: {
    kind: 'forbidden',
    detail: 'Volume 9 belongs to another project and cannot be changed from this one',
  },
  VOLUME_DELETE_PERMISSION_DENIED: {
    kind: 'forbidden',
    detail: 'Volume 9 belongs to another project and cannot be deleted from this one',
  },
  VOLUME_NAME_DUPLICATE: {
    kind: 'conflict',
    detail: 'A volume named "data" already exists in this project; choose another name or delete that volume',
    errors: [{ field: 'name', message: 'is taken in this project', type: 'duplicate' }],
    blockedBy: [{ type: 'volume', id: 9, name: 'data' }],
  },
  VOLUME_STATUS_INVALID_FOR_RESIZING: {
    kind: 'conflict',
    detail: 'Volume 9 is IN_USE; only one in AVAILABLE can be made larger',
  },
  VOLUME_RESIZE_NOT_ALLOWED: { kind: 'malformed', detail: 'Volume 9 has 10 GiB already; it can only be made larger' },
  ATTACHED_VOLUME_DELETION: {
    kind: 'conflict',
    detail: 'Volume "data" is attached to a server; detach it first',
    blockedBy: [{ type: 'server', id: 42, name: 'web-1' }],
  },
  VOLUME_STATUS_INVALID_FOR_DELETION: { kind: 'conflict', detail: 'Volume 9 is CREATING; wait until it is AVAILABLE' },
  VOLUME_ALREADY_ATTACHED: {
    kind: 'conflict',
    detail: 'Volume "data" is attached to a server already; detach it first',
    blockedBy: [{ type: 'server', id: 42, name: 'web-1' }],
  },
  VOLUME_STATUS_INVALID_FOR_ATTACHING: {
    kind: 'conflict',
    detail: 'Volume 9 is ERROR; only one in AVAILABLE can be attached',
  },
  VOLUME_NOT_ATTACHED_TO_SERVER: { kind: 'conflict', detail: 'Volume 9 is attached to no server' },
  CANNOT_DETACH_ROOT_VOLUME: { kind: 'conflict', detail: 'Volume 9 is the disk that server 42 boots from' },

  // ---- catalogue ----
  FLAVOR_NOT_FOUND: {
    kind: 'not-found',
    detail: 'There is no flavor 7 that this project may use; GET /flavors lists them',
    errors: [{ field: 'flavor_id', message: 'is no usable flavor', type: 'not_found' }],
  },
  IMAGE_NOT_FOUND: {
    kind: 'not-found',
    detail: 'There is no active image that this project may use under this id; GET /images lists them',
    errors: [{ field: 'root_volume.image_id', message: 'is no usable image', type: 'not_found' }],
  },
  NETWORK_NOT_FOUND: {
    kind: 'not-found',
    detail: 'There is no network that this project may use for servers under this id; GET /networks lists them',
    errors: [{ field: 'network_id', message: 'is no network for servers', type: 'not_found' }],
  },
  SUBNET_NOT_FOUND: {
    kind: 'not-found',
    detail: 'The network has no subnet that this project may use under this id; GET /networks lists them',
    errors: [{ field: 'subnet_id', message: 'is no subnet of the network', type: 'not_found' }],
  },
  AVAILABILITY_ZONE_NOT_FOUND: {
    kind: 'not-found',
    detail: 'There is no availability zone east that takes servers; GET /availability-zones lists them',
    errors: [{ field: 'availability_zone', message: 'is no usable availability zone', type: 'not_found' }],
  },
  VOLUME_TYPE_NOT_FOUND: {
    kind: 'not-found',
    detail: 'There is no volume type fast that this project may use; GET /volume-types lists them',
    errors: [{ field: 'volume_type_id', message: 'is no usable volume type', type: 'not_found' }],
  },
  ROOT_VOLUME_TOO_SMALL: {
    kind: 'invalid',
    detail: 'The root volume of 1 GiB is too small for this image, which needs at least 2 GiB',
    errors: [{ field: 'root_volume.size', message: 'must be at least 2', type: 'min' }],
  },
  VOLUME_TOO_SMALL: {
    kind: 'invalid',
    detail: 'A volume of 1 GiB is too small for this image, which needs at least 2 GiB',
    errors: [{ field: 'size', message: 'must be at least 2', type: 'min' }],
  },

  // ---- key pairs ----
  KEY_PAIR_NOT_FOUND: { kind: 'not-found', detail: 'You have no key pair 3; GET /key-pairs lists yours' },
  KEY_PAIR_NAME_DUPLICATE: {
    kind: 'conflict',
    detail: 'You have a key pair named "laptop" already; choose another name or delete that one',
    errors: [{ field: 'name', message: 'is taken', type: 'duplicate' }],
  },

  // ---- security groups ----
  SECURITY_GROUP_NOT_FOUND: { kind: 'not-found', detail: 'There is no security group 5' },
  SECURITY_GROUP_ACCESS_DENIED: { kind: 'forbidden', detail: 'Security group 5 belongs to another project' },
  SECURITY_GROUP_UPDATE_PERMISSION_DENIED: {
    kind: 'forbidden',
    detail: 'Security group 5 belongs to another project and cannot be changed from this one',
  },
  SECURITY_GROUP_DELETE_PERMISSION_DENIED_EXCEPTION: {
    kind: 'forbidden',
    detail: 'Security group 5 belongs to another project and cannot be deleted from this one',
  },
  SECURITY_GROUP_NAME_DUPLICATED: {
    kind: 'conflict',
    detail: 'A security group named "web" already exists in this project; choose another name',
    errors: [{ field: 'name', message: 'is taken in this project', type: 'duplicate' }],
    blockedBy: [{ type: 'security_group', id: 5, name: 'web' }],
  },
  OPTIMISTIC_LOCK_CONFLICT: {
    kind: 'conflict',
    detail: 'Someone else is changing security group 5; read it again and decide anew',
    operationId: 17,
  },
  ATTACHED_SECURITY_GROUP_DELETION: {
    kind: 'conflict',
    detail: 'Security group "web" is on network interfaces; take it off first',
    blockedBy: [{ type: 'network_interface', id: 8, name: null }],
  },
  DEFAULT_SECURITY_GROUP_RENAME: {
    kind: 'conflict',
    detail: 'A project\'s default security group keeps its name: it must stay "default"',
    errors: [{ field: 'name', message: 'must stay "default"', type: 'fixed' }],
  },
  DEFAULT_SECURITY_GROUP_DELETION: {
    kind: 'conflict',
    detail: "A project's default security group cannot be deleted",
  },

  // ---- floating IPs and interfaces ----
  FLOATING_IP_NOT_FOUND: { kind: 'not-found', detail: 'There is no floating IP 9' },
  FLOATING_IP_ACCESS_DENIED: { kind: 'forbidden', detail: 'Floating IP 9 belongs to another project' },
  FLOATING_IP_ACCESS_PERMISSION_DENIED: { kind: 'forbidden', detail: 'Floating IP 9 belongs to another project' },
  FLOATING_IP_DELETE_PERMISSION_DENIED: {
    kind: 'forbidden',
    detail: 'Floating IP 9 belongs to another project and cannot be deleted from this one',
  },
  ATTACHED_FLOATING_IP_DELETION: {
    kind: 'conflict',
    detail: 'Floating IP 9 is in use; take it off its interface first',
    blockedBy: [{ type: 'network_interface', id: 8, name: null }],
  },
  FLOATING_IP_ALREADY_ATTACHED_TO_NETWORK_INTERFACE: {
    kind: 'conflict',
    detail: 'Floating IP 9 is on an interface already',
    blockedBy: [{ type: 'network_interface', id: 8, name: null }],
  },
  FLOATING_IP_NOT_ATTACHED_TO_NETWORK_INTERFACE: { kind: 'conflict', detail: 'Floating IP 9 is on no interface' },
  NETWORK_INTERFACE_NOT_FOUND: { kind: 'not-found', detail: 'There is no network interface 8' },
  NETWORK_INTERFACE_ACCESS_PERMISSION_DENIED: {
    kind: 'forbidden',
    detail: 'Network interface 8 belongs to another project',
  },
  NETWORK_INTERFACE_HAS_FLOATING_IP: {
    kind: 'conflict',
    detail: 'Network interface 8 has a floating IP already',
    blockedBy: [{ type: 'floating_ip', id: 9, name: '203.0.113.7' }],
  },
  NETWORK_INTERFACE_NOT_MATCHED: {
    kind: 'malformed',
    detail: 'Floating IP 9 is on another interface than the one named',
  },
  PORT_SECURITY_DISABLED: {
    kind: 'conflict',
    detail: 'Network interface 8 is on a network without port security, which takes no security groups',
  },
  NETWORK_NOT_ROUTED: {
    kind: 'conflict',
    detail: 'No router leads from the network of the interface to the network of the floating IP',
  },

  // ---- reconciliation ----
  RECONCILIATION_NOT_FOUND: { kind: 'not-found', detail: 'There is no reconciliation 12' },
  RECONCILIATION_RUNNING: {
    kind: 'conflict',
    detail: 'Reconciliation 12 of the same scope is under way; wait for its end or cancel it',
    blockedBy: [{ type: 'reconciliation', id: 12, name: null }],
  },
  RECONCILIATION_NOT_PLANNED: {
    kind: 'conflict',
    detail: 'Reconciliation 12 is PLANNING; only one that is PLANNED can be applied',
  },
  RECONCILIATION_ENDED: { kind: 'conflict', detail: 'Reconciliation 12 is DONE; there is nothing left to cancel' },
  PLAN_OUTDATED: {
    kind: 'precondition',
    detail: 'Reconciliation 13 is a newer plan of the same scope; read its findings and apply that one',
    blockedBy: [{ type: 'reconciliation', id: 13, name: null }],
  },

  // ---- adoption ----
  UNMANAGED_RESOURCE_NOT_FOUND: {
    kind: 'not-found',
    detail: 'OpenStack has no server 9b1c6b6e-7a5e-4a0e-9f3c-0a4f5d1c2b3a in that project',
  },
  ADOPTION_REFUSED: { kind: 'conflict', detail: 'It was not adopted: it carries the marker of another installation' },
} as const satisfies Record<string, Documented>;

export type ProblemCode = keyof typeof problems;

/** "SERVER_NOT_FOUND" → "Server not found". */
export function titleOf(code: string): string {
  const words = code
    .toLowerCase()
    .replaceAll('_', ' ')
    .replace(/\bip\b/g, 'IP')
    .replace(/\bopenstack\b/g, 'OpenStack');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function typeOf(code: string): string {
  return `urn:cloud-api:problem:${code.toLowerCase().replaceAll('_', '-')}`;
}

/** The code as the API sends it. */
export function shownCode(code: ProblemCode): string {
  const problem: Documented = problems[code];
  return problem.code ?? code;
}

/** The body of an error as the API sends it. */
export function exampleOf(code: ProblemCode, instance: string): Record<string, unknown> {
  const problem: Documented = problems[code];
  return {
    ...bodyOf({
      code: shownCode(code),
      status: statusOf[problem.kind],
      detail: problem.detail,
      instance,
      requestId: exampleRequestId,
    }),
    ...(problem.errors === undefined ? {} : { errors: problem.errors.map((error) => ({ in: 'body', ...error })) }),
    ...(problem.blockedBy === undefined ? {} : { blocked_by: problem.blockedBy }),
    ...(problem.operationId === undefined ? {} : { operation_id: problem.operationId }),
  };
}

export const exampleRequestId = '3f0c6a52-5f0e-4a0e-9d4d-0c6b2a1f7e11';

interface ProblemCore {
  readonly code: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly requestId: string;
}

export function bodyOf({ code, status, detail, instance, requestId }: ProblemCore): Record<string, unknown> {
  return {
    type: typeOf(code),
    title: titleOf(code),
    status,
    detail,
    instance,
    code,
    message: detail,
    request_id: requestId,
  };
}
