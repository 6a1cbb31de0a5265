import { randomUUID } from 'node:crypto';
import { isRecord, numberOf, objectOf, shown, textOf, type Json } from './json.js';
import type { Server, ServerAction } from './model.js';
import { findServer, requireWriter, type NovaCall } from './nova-call.js';
import { beginAction, refuseLocked } from './nova-servers.js';
import { nowhere, refuse } from './openstack-fault.js';
import { changeState, deleteServer } from './server-lifecycle.js';
import { empty, ok, zoneless, type Answer } from './wire.js';

interface Change {
  /** In which vm_states Nova takes it. */
  readonly from: readonly string[];
  readonly task: string;
  readonly vmState: string;
  readonly powerState: number;
  /** Nova's word for it in refusals and in os-instance-actions. */
  readonly word: string;
}

const changes: Readonly<Record<string, Change>> = {
  'os-start': { from: ['stopped'], task: 'powering-on', vmState: 'active', powerState: 1, word: 'start' },
  'os-stop': {
    from: ['active', 'rescued', 'error'],
    task: 'powering-off',
    vmState: 'stopped',
    powerState: 4,
    word: 'stop',
  },
  pause: { from: ['active', 'rescued'], task: 'pausing', vmState: 'paused', powerState: 3, word: 'pause' },
  unpause: { from: ['paused'], task: 'unpausing', vmState: 'active', powerState: 1, word: 'unpause' },
  suspend: { from: ['active', 'rescued'], task: 'suspending', vmState: 'suspended', powerState: 4, word: 'suspend' },
  resume: { from: ['suspended'], task: 'resuming', vmState: 'active', powerState: 1, word: 'resume' },
};

export function runAction(call: NovaCall, id: string): Answer {
  const server = findServer(call, id);
  const body: Json = isRecord(call.body) ? call.body : {};
  const [name = '', ...others] = Object.keys(body);
  requireWriter(call, `servers:${changes[name]?.word ?? name}`);
  if (name === '' || others.length > 0) throw refuse(400, 'Malformed request body');
  const change = changes[name];
  if (change !== undefined) return carryOut(call, server, change);
  switch (name) {
    case 'reboot':
      return reboot(call, server, body);
    case 'forceDelete':
      refuseLocked(call, server);
      beginAction(call, server, 'forceDelete');
      deleteServer(call.cloud, server);
      return empty(202);
    case 'restore':
      if (server.vmState !== 'soft-delete') throw conflict(server, 'restore');
      return carryOut(call, server, {
        from: ['soft-delete'],
        task: 'restoring',
        vmState: 'active',
        powerState: 1,
        word: 'restore',
      });
    case 'lock':
      server.isLocked = true;
      return empty(202);
    case 'unlock':
      server.isLocked = false;
      return empty(202);
    case 'os-resetState':
      return resetState(call, server, body);
    case 'os-getConsoleOutput':
      return consoleOutput(server, body);
    case 'os-getVNCConsole':
      throw refuse(404, 'The resource could not be found.');
    default:
      throw refuse(400, `There is no such action: ${name}`);
  }
}

function conflict(server: Server, word: string): Error {
  const { id, taskState, vmState } = server;
  const state = taskState === null ? `vm_state ${vmState}` : `task_state ${taskState}`;
  return refuse(409, `Cannot '${word}' instance ${id} while it is in ${state}`);
}

function carryOut(call: NovaCall, server: Server, change: Change): Answer {
  refuseLocked(call, server);
  if (server.taskState !== null || !change.from.includes(server.vmState)) throw conflict(server, change.word);
  beginAction(call, server, change.word);
  changeState(call.cloud, server, change);
  return empty(202);
}

function reboot(call: NovaCall, server: Server, body: Json): Answer {
  refuseLocked(call, server);
  const type = textOf(objectOf(body, 'reboot'), 'type')?.toUpperCase();
  if (type === undefined) {
    throw refuse(400, "Invalid input for field/attribute reboot. Value: {}. 'type' is a required property");
  }
  if (type !== 'SOFT' && type !== 'HARD') {
    throw refuse(
      400,
      `Invalid input for field/attribute type. Value: ${type}. '${type}' is not one of ['HARD', 'Hard', 'hard', 'SOFT', 'Soft', 'soft']`,
    );
  }
  const from = type === 'SOFT' ? ['active'] : ['active', 'stopped', 'paused', 'suspended', 'error'];
  // A hard reboot does not wait for what is under way.
  const isBusy = server.taskState !== null && (type === 'SOFT' || server.taskState === 'deleting');
  if (isBusy || !from.includes(server.vmState)) throw conflict(server, 'reboot');
  beginAction(call, server, 'reboot');
  const task = type === 'SOFT' ? 'rebooting' : 'rebooting_hard';
  changeState(call.cloud, server, { task, vmState: 'active', powerState: 1 });
  return empty(202);
}

/** Nothing boots here: a line for each thing that was done, the last ones as asked for. */
function consoleOutput(server: Server, body: Json): Answer {
  if (server.host === null) throw refuse(409, `Instance ${server.id} is not ready`);
  const lines = [`console of ${server.name}`, ...server.actions.map(({ action }) => action).reverse()];
  const length = numberOf(objectOf(body, 'os-getConsoleOutput'), 'length');
  const shown = length === null || length < 0 ? lines : lines.slice(lines.length - Math.min(length, lines.length));
  return ok({ output: shown.map((line) => `${line}\n`).join('') });
}

function resetState(call: NovaCall, server: Server, body: Json): Answer {
  if (!call.access.isAdmin)
    throw refuse(403, "Policy doesn't allow os_compute_api:os-admin-actions:reset_state to be performed.");
  const state = textOf(objectOf(body, 'os-resetState'), 'state');
  server.job = call.cloud.next();
  server.vmState = state === 'active' ? 'active' : 'error';
  server.taskState = null;
  server.updatedAt = call.cloud.now();
  return empty(202);
}

/** Known for a server that is gone too. */
function actionsOf({ cloud, access }: NovaCall, id: string): readonly ServerAction[] {
  const server = cloud.servers.get(id) ?? cloud.deletedServers.get(id);
  if (server === undefined || !(access.isAdmin || server.projectId === access.projectId)) {
    throw refuse(404, `Instance ${id} could not be found.`);
  }
  return server.actions;
}

function actionView(action: ServerAction, id: string, minor: number): Json {
  return {
    action: action.action,
    instance_uuid: id,
    request_id: action.requestId,
    user_id: action.userId,
    project_id: action.projectId,
    start_time: zoneless(action.startedAt),
    message: action.message,
    ...(minor >= 58 ? { updated_at: zoneless(action.updatedAt) } : {}),
  };
}

export function listActions(call: NovaCall, id: string): Answer {
  const actions = actionsOf(call, id).map((action) => actionView(action, id, call.minor));
  return ok({ instanceActions: actions });
}

export function showAction(call: NovaCall, id: string, requestId: string): Answer {
  const action = actionsOf(call, id).find((one) => one.requestId === requestId);
  if (action === undefined) throw refuse(404, `Action ${requestId} not found`);
  const isOver = action.updatedAt > action.startedAt;
  const event = {
    event: `compute_${action.action}_instance`,
    start_time: zoneless(action.startedAt),
    finish_time: isOver ? zoneless(action.updatedAt) : null,
    result: isOver ? (action.message === null ? 'Success' : 'Error') : null,
  };
  return ok({ instanceAction: { ...actionView(action, id, call.minor), events: [event] } });
}

/** The old action is gone above 2.5; this one came with 2.6. */
export function createConsole(call: NovaCall, id: string): Answer {
  if (call.minor < 6) return nowhere;
  requireWriter(call, 'os-remote-consoles');
  const server = findServer(call, id);
  const { protocol, type } = objectOf(call.body, 'remote_console');
  if (protocol !== 'vnc' || type !== 'novnc')
    throw refuse(
      400,
      `Invalid input for field/attribute type. Value: ${shown(type)}. '${shown(type)}' is not one of ['novnc']`,
    );
  if (!['active', 'rescued', 'paused'].includes(server.vmState)) throw refuse(409, `Instance ${id} is not ready`);
  const url = `${call.origin}/console/vnc_auto.html?path=%3Ftoken%3D${randomUUID()}`;
  return ok({ remote_console: { protocol, type, url } });
}
