import { expect } from '@jest/globals';
import type { RowDataPacket } from 'mysql2/promise';
import { markerOf } from '../../src/openstack/marker.js';
import { adminCall } from '../../src/openstack/openstack-call.js';
import { OpenStackNotFound } from '../../src/openstack/openstack-errors.js';
import type { ExistingRule } from '../../src/security-group/security-group-rule.js';
import { serverStatusFrom } from '../../src/server/server-status.js';
import { volumeStatusFrom } from '../../src/volume/volume-status.js';
import type { FloatingIpBody } from '../support/floating-ips.js';
import type { SecurityGroupBody } from '../support/security-groups.js';
import type { ServerBody } from '../support/servers.js';
import type { VolumeBody } from '../support/volumes.js';
import type { CloudApp, Table } from './app.js';
import type { Cloud } from './cloud.js';

export interface InterfaceBody {
  readonly id: number;
  readonly openstack_id: string | null;
  readonly server_id: number | null;
  readonly fixed_ip_addresses: readonly string[];
  readonly security_groups: readonly { readonly id: number; readonly name: string }[];
}

const paths = {
  server: 'servers',
  volume: 'volumes',
  network_interface: 'network-interfaces',
  floating_ip: 'floating-ips',
  security_group: 'security-groups',
} as const;
type Shown = keyof typeof paths;

/** Holds that the API, the record and OpenStack say the same of one thing. */
export class Agreement {
  constructor(
    private readonly cloud: Cloud,
    private readonly app: CloudApp,
  ) {}

  async server(id: number): Promise<ServerBody> {
    const { admin, call } = this.cloud;
    const [body, row] = [await this.shown<ServerBody>('server', id), await this.app.row('server', id)];
    const openstackId = String(row['openstack_id']);
    const seen = await admin.servers.get(call, openstackId);
    expect(seen).toMatchObject({
      openstackId: body.openstack_id,
      name: body.name,
      status: String(row['openstack_status']),
      taskState: null,
      projectId: this.cloud.projectId,
      tags: [this.marker(row)],
    });
    expect(row).toMatchObject({ openstack_id: body.openstack_id, name: body.name, status: body.status });
    expect(body).toMatchObject({ status: serverStatusFrom(seen.status), fault: null, operation: null });
    const ports = await admin.networkInterfaces.listByDevice(call, openstackId);
    expect(sorted(body.network_interfaces.map((nic) => nic.openstack_id))).toEqual(
      sorted(ports.map((port) => port.openstackId)),
    );
    expect(sorted(body.fixed_ip_addresses)).toEqual(
      sorted(ports.flatMap(({ fixedIps }) => fixedIps.map(({ ipAddress }) => ipAddress))),
    );
    const volumes = await Promise.all(body.volumes.map((volume) => this.app.row('volume', volume.id)));
    expect(sorted(volumes.map((volume) => String(volume['openstack_id'])))).toEqual(sorted(seen.volumeIds));
    return body;
  }

  /** `fault`: of which it tells, or none. */
  async volume(id: number, fault: string | null = null): Promise<VolumeBody> {
    const { admin, call } = this.cloud;
    const [body, row] = [await this.shown<VolumeBody>('volume', id), await this.app.row('volume', id)];
    const seen = await admin.volumes.get(call, String(row['openstack_id']));
    expect(seen).toMatchObject({
      openstackId: body.openstack_id,
      name: body.name,
      description: body.description,
      size: body.size,
      status: String(row['openstack_status']),
      projectId: this.cloud.projectId,
      metadataMarker: this.marker(row),
    });
    const { name, description, size, status } = body;
    expect(row).toMatchObject({ name, description, size, status, server_id: body.server_id });
    expect(body).toMatchObject({ status: volumeStatusFrom(seen.status), operation: null });
    expect([body.fault?.code ?? null, row['fault_code']]).toEqual([fault, fault]);
    const server = body.server_id === null ? null : await this.app.row('server', body.server_id);
    expect(seen.attachments.map(({ serverId }) => serverId)).toEqual(server === null ? [] : [server['openstack_id']]);
    return body;
  }

  async floatingIp(id: number): Promise<FloatingIpBody> {
    const { admin, call } = this.cloud;
    const [body, row] = [await this.shown<FloatingIpBody>('floating_ip', id), await this.app.row('floating_ip', id)];
    const nicId = body.network_interface_id;
    const nic = nicId === null ? null : await this.app.row('network_interface', nicId);
    const port = nic === null ? null : await admin.networkInterfaces.get(call, String(nic['openstack_id']));
    expect(await admin.floatingIps.get(call, String(row['openstack_id']))).toMatchObject({
      openstackId: body.openstack_id,
      address: body.address,
      status: body.status,
      portId: port?.openstackId ?? null,
      fixedIpAddress: body.fixed_ip_address,
      projectId: this.cloud.projectId,
      description: this.marker(row),
    });
    expect(row).toMatchObject({ address: body.address, status: body.status, network_interface_id: nicId });
    expect(body).toMatchObject({ fault: null, operation: null });
    expect([body.server_id]).toEqual([nic?.['server_id'] ?? null]);
    expect(body.fixed_ip_address).toBe(port?.fixedIps[0]?.ipAddress ?? null);
    return body;
  }

  async networkInterface(id: number): Promise<InterfaceBody> {
    const { admin, call } = this.cloud;
    const body = await this.shown<InterfaceBody>('network_interface', id);
    const row = await this.app.row('network_interface', id);
    const seen = await admin.networkInterfaces.get(call, String(row['openstack_id']));
    expect(seen).toMatchObject({ openstackId: body.openstack_id, description: this.marker(row) });
    expect(seen.fixedIps.map(({ ipAddress }) => ipAddress)).toEqual(body.fixed_ip_addresses);
    const groups = await Promise.all(body.security_groups.map((group) => this.app.row('security_group', group.id)));
    expect(sorted(groups.map((group) => String(group['openstack_id'])))).toEqual(sorted(seen.securityGroupIds));
    return body;
  }

  async securityGroup(id: number): Promise<SecurityGroupBody> {
    const { admin, call } = this.cloud;
    const body = await this.shown<SecurityGroupBody>('security_group', id);
    const row = await this.app.row('security_group', id);
    const [rules] = await this.app.database.query<RowDataPacket[]>(
      `SELECT openstack_id AS openstackId, protocol, ether_type AS etherType, direction, port_range_min AS portRangeMin,
         port_range_max AS portRangeMax, remote_ip_prefix AS remoteIpPrefix FROM security_group_rule WHERE security_group_id = ?`,
      [id],
    );
    const seen = await admin.securityGroups.get(call, String(row['openstack_id']));
    expect(seen).toMatchObject({ openstackId: body.openstack_id, name: body.name, projectId: this.cloud.projectId });
    expect(seen.description).toBe(`${body.description ?? ''} [${this.marker(row)}]`.trimStart());
    expect(row).toMatchObject({ name: body.name, description: body.description });
    expect(body).toMatchObject({ fault: null, operation: null });
    const told = seen.rules.map(wordsOf).sort();
    expect(rules.map((rule) => wordsOf(rule as unknown as ExistingRule)).sort()).toEqual(told);
    expect(
      body.rules
        .map((rule) =>
          wordsOf({
            openstackId: rule.openstack_id ?? '',
            protocol: rule.protocol,
            etherType: rule.ether_type,
            direction: rule.direction,
            portRangeMin: rule.port_range_min,
            portRangeMax: rule.port_range_max,
            remoteIpPrefix: rule.remote_ip_prefix,
          }),
        )
        .sort(),
    ).toEqual(told);
    return body;
  }

  /** Nobody has it any more; the row says that it was deleted. */
  async gone(table: Shown, id: number): Promise<void> {
    const row = await this.app.row(table, id);
    expect((await this.app.member.get(`/${paths[table]}/${String(id)}`)).status).toBe(404);
    expect(row['deleted_at']).not.toBeNull();
    await expect(this.seen(table, String(row['openstack_id']))).rejects.toThrow(OpenStackNotFound);
  }

  marker(row: RowDataPacket): string {
    return markerOf(this.app.deployment, String(row['uuid']));
  }

  /** What OpenStack has under that id. @throws OpenStackNotFound */
  async seen(table: Table, openstackId: string): Promise<unknown> {
    const { admin, call } = this.cloud;
    if (table === 'user') return admin.users.get(adminCall, openstackId);
    const clients = {
      server: admin.servers,
      volume: admin.volumes,
      network_interface: admin.networkInterfaces,
      floating_ip: admin.floatingIps,
      security_group: admin.securityGroups,
    };
    return clients[table].get(call, openstackId);
  }

  private async shown<T>(table: Shown, id: number): Promise<T> {
    const answer = await this.app.member.get<T>(`/${paths[table]}/${String(id)}`);
    expect(answer.status).toBe(200);
    return answer.body;
  }
}

type Rule = Pick<ExistingRule, 'openstackId' | 'protocol' | 'portRangeMin' | 'portRangeMax' | 'remoteIpPrefix'> & {
  readonly etherType: string;
  readonly direction: string;
};

function wordsOf(rule: Rule): string {
  const { openstackId, protocol, etherType, direction, portRangeMin, portRangeMax, remoteIpPrefix } = rule;
  return [openstackId, protocol, etherType, direction, portRangeMin, portRangeMax, remoteIpPrefix]
    .map(String)
    .join(' ');
}

function sorted(texts: readonly (string | null)[]): readonly string[] {
  return texts.map((text) => text ?? '').sort();
}
