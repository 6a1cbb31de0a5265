import { Injectable } from '@nestjs/common';
import type { EntityManager } from '../database/transaction.js';
import { OpenStackConflict, OpenStackNotFound } from '../openstack/openstack-errors.js';
import type { Fault, OperationKind, Sight, Step, StepCalls } from '../operation/operation-kind.js';
import { OperationRegistry } from '../operation/operation-registry.js';
import type { OperationEntity } from '../operation/operation.entity.js';
import { OperationRepository } from '../operation/operation.repository.js';
import { actionsBefore, serverRebootInput, type ActionsBefore } from './server-action-input.js';
import { ServerActionClient, type ServerAction } from './server-action.client.js';
import { ServerObservation, serverGone, type ChangingServer } from './server-observation.js';
import type { ObservedServer } from './server.client.js';
import { ServerRepository } from './server.repository.js';

export const serverStart = 'server.start';
export const serverStop = 'server.stop';
export const serverReboot = 'server.reboot';

interface Rows extends ChangingServer {
  readonly operation: OperationEntity;
  /** What Nova had done before ours; null until that is recorded. */
  readonly before: ActionsBefore | null;
}

/** One of Nova's actions on a server that is there. */
interface Action {
  /** Nova's word in os-instance-actions. */
  readonly word: string;
  /** For people: "<title> is not possible", "could not be <done>". */
  readonly title: string;
  readonly done: string;
  /** The status that means done; null where a status cannot tell, and Nova's own list of actions must. */
  readonly goal: string | null;
  from(rows: Rows): readonly string[];
  send(rows: Rows, calls: StepCalls): Promise<void>;
}

/**
 * Start, stop and reboot. The first step notes what Nova had done before; the second looks at the status and at what came since,
 * and sends the call only when neither shows it. Start and stop are done when the status says so; a reboot, which must not be
 * sent twice, when Nova's list shows one that has ended. Never undone.
 */
@Injectable()
export class ServerActionOperation {
  constructor(
    registry: OperationRegistry,
    private readonly operations: OperationRepository,
    private readonly observation: ServerObservation,
    private readonly client: ServerActionClient,
    private readonly servers: ServerRepository,
  ) {
    registry.register(this.kindOf(serverStart, this.start));
    registry.register(this.kindOf(serverStop, this.stop));
    registry.register(this.kindOf(serverReboot, this.reboot));
  }

  private readonly start: Action = {
    word: 'start',
    title: 'starting it',
    done: 'started',
    goal: 'ACTIVE',
    from: () => ['SHUTOFF'],
    send: (rows, calls) => this.client.start(calls.changing(rows.projectOpenstackId), rows.openstackId),
  };

  private readonly stop: Action = {
    word: 'stop',
    title: 'stopping it',
    done: 'stopped',
    goal: 'SHUTOFF',
    from: () => ['ACTIVE', 'ERROR', 'RESCUE'],
    send: (rows, calls) => this.client.stop(calls.changing(rows.projectOpenstackId), rows.openstackId),
  };

  private readonly reboot: Action = {
    word: 'reboot',
    title: 'rebooting it',
    done: 'rebooted',
    goal: null,
    from: ({ operation }) => rebootableFrom[serverRebootInput.parse(operation.input).type],
    send: (rows, calls) => {
      const { type } = serverRebootInput.parse(rows.operation.input);
      return this.client.reboot(calls.changing(rows.projectOpenstackId), rows.openstackId, type);
    },
  };

  private kindOf(kind: string, action: Action): OperationKind<Rows> {
    const steps: readonly Step<Rows>[] = [
      {
        does: 'ensure',
        name: 'before',
        title: action.title,
        look: (rows, calls) => this.lookBefore(rows, calls),
      },
      {
        does: 'ensure',
        name: action.done,
        title: action.title,
        look: (rows, calls) => this.look(action, rows, calls),
      },
    ];
    return {
      kind,
      effect: 'change',
      steps,
      load: (manager, operation) => this.load(manager, operation),
      succeed: (tx, _operation, { server }) => this.servers.setFault(tx, server.id, null),
      fail: (tx, _operation, { server }, fault) =>
        this.servers.setFault(tx, server.id, {
          code: fault.code,
          message: `The server could not be ${action.done}. ${fault.message}`,
        }),
    };
  }

  private async load(manager: EntityManager, operation: OperationEntity): Promise<Rows> {
    return {
      ...(await this.observation.load(manager, operation)),
      operation,
      before: operation.result === null ? null : actionsBefore.parse(operation.result),
    };
  }

  private async lookBefore(rows: Rows, calls: StepCalls): Promise<Sight> {
    try {
      const [newest] = await this.actions(rows, calls);
      const before: ActionsBefore = { newestRequestId: newest?.requestId ?? null };
      return { is: 'reached', writes: (tx) => this.operations.setResult(tx, rows.operation.id, before) };
    } catch (error) {
      if (error instanceof OpenStackNotFound) return serverGone();
      throw error;
    }
  }

  private async look(action: Action, rows: Rows, calls: StepCalls): Promise<Sight> {
    const seen = await this.observation.see(rows, calls);
    if (seen === null) return serverGone();
    const writes = this.observation.follow(rows, seen);
    if (isChanging(seen)) return { is: 'passing', writes };
    if (seen.status === action.goal) return { is: 'reached', writes };
    const since = actionsSince(await this.actions(rows, calls), rows.before);
    const own = since.find(({ action: word }) => word === action.word);
    if (own?.hasFailed === true) {
      // The record follows before the operation ends.
      const isRecorded = rows.server.openstackStatus === seen.status;
      return isRecorded ? { is: 'failed', fault: failed(action, own) } : { is: 'passing', writes };
    }
    if (own !== undefined && action.goal === null) return { is: 'reached', writes };
    if (rows.isSettling) return { is: 'passing', writes };
    if (!action.from(rows).includes(seen.status)) return this.observation.impossible(rows, seen, action.title);
    return { is: 'needed', act: () => this.act(action, rows, calls) };
  }

  /** A conflict because something else is being done to the server passes; every other one is Nova's answer. */
  private async act(action: Action, rows: Rows, calls: StepCalls): Promise<void> {
    try {
      await action.send(rows, calls);
    } catch (error) {
      if (!(error instanceof OpenStackConflict)) throw error;
      const seen = await this.observation.see(rows, calls);
      if (seen !== null && !isChanging(seen) && action.from(rows).includes(seen.status)) throw error;
    }
  }

  private actions(rows: Rows, calls: StepCalls): Promise<readonly ServerAction[]> {
    return this.client.actions(calls.reading(rows.projectOpenstackId), rows.openstackId);
  }
}

/** In which statuses Nova takes a reboot. */
export const rebootableFrom = {
  soft: ['ACTIVE'],
  hard: ['ACTIVE', 'SHUTOFF', 'PAUSED', 'SUSPENDED', 'ERROR'],
} as const;

/** UNKNOWN is a server whose cell is down: nothing can be concluded. */
const passingStatuses = ['REBOOT', 'HARD_REBOOT', 'UNKNOWN'];

function isChanging({ status, taskState }: ObservedServer): boolean {
  return taskState !== null || passingStatuses.includes(status);
}

/** Nova lists the newest first. */
function actionsSince(actions: readonly ServerAction[], before: ActionsBefore | null): readonly ServerAction[] {
  const known = actions.findIndex(({ requestId }) => requestId === before?.newestRequestId);
  return known === -1 ? actions : actions.slice(0, known);
}

function failed({ title }: Action, { requestId }: ServerAction): Fault {
  return {
    code: 'OPENSTACK_REFUSED',
    message: `Nova took the request, but ${title} failed; its operators find the reason under ${requestId}.`,
    openstackRequestIds: [requestId],
  };
}
