import { plannedFailures } from './cloud.js';
import { listOf, numberOf, textOf, type Json } from './json.js';
import type { Outside } from './outside.js';

const text = (body: Json, key: string): string => textOf(body, key) ?? '';

/** Changes from outside by the name under which the control API knows them, with the fields of the body that each reads. */
export const outsideChanges: Readonly<Record<string, (outside: Outside, body: Json) => unknown>> = {
  delete: (outside, body) => {
    outside.delete(text(body, 'id'));
  },
  stop: (outside, body) => {
    outside.stop(text(body, 'id'));
  },
  start: (outside, body) => {
    outside.start(text(body, 'id'));
  },
  error: (outside, body) => {
    outside.error(text(body, 'id'), textOf(body, 'message') ?? undefined);
  },
  'set-status': (outside, body) => {
    outside.setStatus(text(body, 'id'), text(body, 'status'));
  },
  rename: (outside, body) => {
    outside.rename(text(body, 'id'), text(body, 'name'));
  },
  'move-floating-ip': (outside, body) => {
    outside.moveFloatingIp(text(body, 'id'), textOf(body, 'port_id'));
  },
  'detach-volume': (outside, body) => {
    outside.detachVolume(text(body, 'id'));
  },
  'resize-volume': (outside, body) => {
    outside.resizeVolume(text(body, 'id'), numberOf(body, 'size') ?? 1);
  },
  'resize-server': (outside, body) => {
    outside.resizeServer(text(body, 'id'), text(body, 'flavor'));
  },
  'unbind-port': (outside, body) => {
    outside.unbindPort(text(body, 'id'));
  },
  'change-port': (outside, body) => {
    const [mac, serverId] = [textOf(body, 'mac_address'), textOf(body, 'server_id')];
    const has = (key: string): boolean => body[key] !== undefined;
    outside.changePort(text(body, 'id'), {
      ...(mac === null ? {} : { mac }),
      ...(serverId === null ? {} : { serverId }),
      ...(has('addresses') ? { addresses: listOf(body, 'addresses').map(String) } : {}),
      ...(has('security_group_ids') ? { securityGroupIds: listOf(body, 'security_group_ids').map(String) } : {}),
    });
  },
  'add-rule': (outside, body) =>
    outside.addRule(text(body, 'id'), {
      direction: body['direction'] === 'egress' ? 'egress' : 'ingress',
      etherType: body['ethertype'] === 'IPv6' ? 'IPv6' : 'IPv4',
      protocol: textOf(body, 'protocol'),
      portMin: numberOf(body, 'port_range_min'),
      portMax: numberOf(body, 'port_range_max'),
      remotePrefix: textOf(body, 'remote_ip_prefix'),
      description: text(body, 'description'),
    }),
  'delete-rule': (outside, body) => {
    outside.deleteRule(text(body, 'id'));
  },
  lock: (outside, body) => {
    outside.lock(text(body, 'id'));
  },
  unlock: (outside, body) => {
    outside.unlock(text(body, 'id'));
  },
  snapshot: (outside, body) => outside.snapshot(text(body, 'id')),
  enable: (outside, body) => {
    outside.setEnabled(text(body, 'id'), true);
  },
  disable: (outside, body) => {
    outside.setEnabled(text(body, 'id'), false);
  },
  'set-password': (outside, body) => {
    outside.setPassword(text(body, 'id'), text(body, 'password'), textOf(body, 'problem'));
  },
  grant: (outside, body) => {
    const grant = { userId: text(body, 'user_id'), roleId: text(body, 'role_id'), projectId: text(body, 'project_id') };
    outside.grant(grant, { isInherited: body['inherited'] === true });
  },
  'revoke-roles': (outside, body) => {
    outside.revokeRoles(text(body, 'user_id'), text(body, 'project_id'));
  },
  'cell-down': (outside) => {
    outside.setCellDown(true);
  },
  'cell-up': (outside) => {
    outside.setCellDown(false);
  },
  'fail-next': (outside, body) => {
    const kind = plannedFailures.find((one) => one === body['kind']) ?? 'no-valid-host';
    outside.failNext(kind, numberOf(body, 'times') ?? 1, textOf(body, 'message') ?? undefined);
  },
};
