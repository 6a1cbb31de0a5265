/** How the cloud behaves; all can be set while it runs. Names as on the wire of the control API. */
export interface Settings {
  /** From `creating` to `available`; with an image the last two thirds are `downloading`. */
  volume_create_ms: number;
  volume_delete_ms: number;
  volume_extend_ms: number;
  /** From the 202 to ACTIVE. The port is bound after a quarter of it, the volume in use after half. */
  server_build_ms: number;
  /** From the 204 to 404. The ports are free after half of it. */
  server_delete_ms: number;
  /** How long a server that is gone can still be looked at, as DELETED; lists do not have it. */
  deleted_visible_ms: number;
  /** Start, stop, reboot and the like. */
  server_action_ms: number;
  /** Attaching or detaching a volume. */
  attach_ms: number;
  /** How long Cinder still calls a volume in use once its server is gone. */
  detach_lag_ms: number;
  /** Until a floating IP has the status that follows from its association. */
  floating_ip_ms: number;
  token_life_ms: number;
  /** How long services other than Keystone go on accepting a revoked token that they have seen. */
  token_cache_ms: number;
  /** How long a new object is not found yet, as behind several API workers. */
  fresh_not_found_ms: number;
  /** Nova, Cinder and Neutron give no longer pages, whatever limit is asked for. */
  page_size: number;
  /** Keystone cuts lists of users and projects there and says `truncated`; 0: never. */
  identity_list_limit: number;
  /** Neutron checks filters, as it does unless told otherwise; its own `changed_since` it then refuses. */
  neutron_filter_validation: boolean;
  /** Keystone refuses shorter passwords with 400. */
  password_min_length: number;
  /** Nova keeps deleted servers as SOFT_DELETED. */
  soft_delete: boolean;
}

export const defaultSettings: Readonly<Settings> = {
  volume_create_ms: 300,
  volume_delete_ms: 100,
  volume_extend_ms: 150,
  server_build_ms: 600,
  server_delete_ms: 200,
  deleted_visible_ms: 20,
  server_action_ms: 200,
  attach_ms: 150,
  detach_lag_ms: 30,
  floating_ip_ms: 100,
  token_life_ms: 3_600_000,
  token_cache_ms: 0,
  fresh_not_found_ms: 0,
  page_size: 1000,
  identity_list_limit: 0,
  neutron_filter_validation: true,
  password_min_length: 0,
  soft_delete: false,
};

/** Limits of a project; -1: none. Nova's, Neutron's and Cinder's have no name in common. */
export const defaultQuotas = {
  instances: 10,
  cores: 20,
  ram: 51_200,
  key_pairs: 100,
  metadata_items: 128,
  server_groups: 10,
  server_group_members: 10,
  network: 100,
  subnet: 100,
  router: 10,
  port: 500,
  floatingip: 50,
  security_group: 10,
  security_group_rule: 100,
  volumes: 10,
  gigabytes: 1000,
  snapshots: 10,
  per_volume_gigabytes: -1,
  backups: 10,
  backup_gigabytes: 1000,
  groups: 10,
};

export type QuotaName = keyof typeof defaultQuotas;
export type Quotas = Record<QuotaName, number>;

export const novaQuotas = [
  'cores',
  'instances',
  'key_pairs',
  'metadata_items',
  'ram',
  'server_group_members',
  'server_groups',
] as const satisfies readonly QuotaName[];

export const neutronQuotas = [
  'network',
  'subnet',
  'port',
  'router',
  'floatingip',
  'security_group',
  'security_group_rule',
] as const satisfies readonly QuotaName[];

export const cinderQuotas = [
  'volumes',
  'per_volume_gigabytes',
  'snapshots',
  'gigabytes',
  'backups',
  'backup_gigabytes',
  'groups',
] as const satisfies readonly QuotaName[];

export function isQuotaName(name: string): name is QuotaName {
  return Object.hasOwn(defaultQuotas, name);
}
