import type { Cloud } from './cloud.js';
import type { Json } from './json.js';
import type * as model from './model.js';
import { readPrefix } from './prefixes.js';
import { rulesOf } from './security-group-lifecycle.js';
import { seconds } from './wire.js';

function revisedView({ createdAt, updatedAt, revision, projectId }: model.Revised): Json {
  return {
    tags: [],
    created_at: seconds(createdAt),
    updated_at: seconds(updatedAt),
    revision_number: revision,
    project_id: projectId,
  };
}

export function networkView(cloud: Cloud, network: model.Network): Json {
  const subnets = [...cloud.subnets.values()].filter(({ networkId }) => networkId === network.id);
  return {
    id: network.id,
    name: network.name,
    tenant_id: network.projectId,
    admin_state_up: true,
    mtu: network.mtu,
    status: network.status,
    subnets: subnets.map(({ id }) => id),
    shared: network.isShared,
    availability_zone_hints: [],
    availability_zones: [],
    ipv4_address_scope: null,
    ipv6_address_scope: null,
    'router:external': network.isExternal,
    description: network.description,
    port_security_enabled: network.hasPortSecurity,
    qos_policy_id: null,
    ...(network.isExternal ? { is_default: true } : {}),
    ...revisedView(network),
  };
}

export function subnetView(cloud: Cloud, subnet: model.Subnet): Json {
  const isExternal = cloud.networks.get(subnet.networkId)?.isExternal ?? false;
  return {
    id: subnet.id,
    name: subnet.name,
    tenant_id: subnet.projectId,
    network_id: subnet.networkId,
    ip_version: subnet.ipVersion,
    subnetpool_id: null,
    enable_dhcp: !isExternal,
    ipv6_ra_mode: null,
    ipv6_address_mode: null,
    gateway_ip: subnet.gatewayIp,
    cidr: subnet.cidr,
    allocation_pools: [{ start: subnet.poolStart, end: subnet.poolEnd }],
    host_routes: [],
    dns_nameservers: [],
    description: subnet.description,
    'router:external': isExternal,
    service_types: [],
    ...revisedView(subnet),
  };
}

export function routerView(router: model.Router): Json {
  const { externalNetworkId: networkId } = router;
  return {
    id: router.id,
    name: router.name,
    tenant_id: router.projectId,
    admin_state_up: true,
    status: 'ACTIVE',
    external_gateway_info: { network_id: networkId, external_fixed_ips: [], enable_snat: true },
    description: router.description,
    availability_zones: [],
    availability_zone_hints: [],
    routes: [],
    flavor_id: null,
    ...revisedView(router),
  };
}

export function portView(port: model.Port, isAdmin: boolean): Json {
  const isBound = port.host !== '';
  const binding = {
    'binding:profile': {},
    'binding:host_id': port.host,
    'binding:vif_type': isBound ? 'ovs' : 'unbound',
    'binding:vif_details': {},
  };
  return {
    id: port.id,
    name: port.name,
    network_id: port.networkId,
    tenant_id: port.projectId,
    mac_address: port.mac,
    admin_state_up: true,
    status: port.status,
    device_id: port.deviceId,
    device_owner: port.deviceOwner,
    fixed_ips: port.fixedIps.map(({ subnetId, address }) => ({ subnet_id: subnetId, ip_address: address })),
    allowed_address_pairs: [],
    extra_dhcp_opts: [],
    security_groups: port.securityGroupIds,
    description: port.description,
    'binding:vnic_type': 'normal',
    ...(isAdmin ? binding : {}),
    port_security_enabled: port.hasPortSecurity,
    qos_policy_id: null,
    qos_network_policy_id: null,
    ...(isAdmin ? { resource_request: null } : {}),
    ...revisedView(port),
  };
}

export function floatingIpView(cloud: Cloud, floatingIp: model.FloatingIp): Json {
  const port = floatingIp.portId === null ? undefined : cloud.ports.get(floatingIp.portId);
  const details =
    port === undefined
      ? null
      : {
          name: port.name,
          network_id: port.networkId,
          mac_address: port.mac,
          admin_state_up: true,
          status: port.status,
          device_id: port.deviceId,
          device_owner: port.deviceOwner,
        };
  return {
    id: floatingIp.id,
    tenant_id: floatingIp.projectId,
    floating_ip_address: floatingIp.address,
    floating_network_id: floatingIp.networkId,
    router_id: floatingIp.routerId,
    port_id: floatingIp.portId,
    fixed_ip_address: floatingIp.fixedAddress,
    status: floatingIp.status,
    description: floatingIp.description,
    qos_policy_id: null,
    port_details: details,
    dns_domain: '',
    dns_name: '',
    port_forwardings: [],
    ...revisedView(floatingIp),
  };
}

export function groupView(cloud: Cloud, group: model.SecurityGroup): Json {
  return {
    id: group.id,
    name: group.name,
    stateful: true,
    tenant_id: group.projectId,
    description: group.description,
    shared: false,
    security_group_rules: rulesOf(cloud, group.id).map(ruleView),
    ...revisedView(group),
  };
}

export function ruleView(rule: model.SecurityGroupRule): Json {
  return {
    id: rule.id,
    tenant_id: rule.projectId,
    security_group_id: rule.groupId,
    ethertype: rule.etherType,
    direction: rule.direction,
    protocol: rule.protocol,
    port_range_min: rule.portMin,
    port_range_max: rule.portMax,
    remote_ip_prefix: rule.remotePrefix,
    remote_address_group_id: null,
    normalized_cidr: rule.remotePrefix === null ? null : (readPrefix(rule.remotePrefix)?.network ?? null),
    remote_group_id: rule.remoteGroupId,
    belongs_to_default_sg: false,
    description: rule.isFromTemplate ? null : rule.description,
    ...revisedView(rule),
  };
}
