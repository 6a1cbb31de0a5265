import { Injectable } from '@nestjs/common';
import { AuditRepository } from '../audit/audit.repository.js';
import type { Actor } from '../common/actor.js';
import type { Principal } from '../common/principal.js';
import { Transaction } from '../database/transaction.js';
import { projectCall } from '../openstack/openstack-call.js';
import { OpenStackConflict, OpenStackNotFound } from '../openstack/openstack-errors.js';
import { ServerConsoleClient } from './server-console.client.js';
import type { ServerDetails } from './server-details.js';
import type { ServerStatus } from './server-status.js';
import { ServerAccessDenied, ServerWithoutConsole } from './server.errors.js';
import { ServerService } from './server.service.js';

/** A guest runs in these; between two of them Nova decides. */
const withConsole: readonly ServerStatus[] = [
  'ACTIVE',
  'HARD_REBOOT',
  'MIGRATING',
  'PASSWORD',
  'PAUSED',
  'REBOOT',
  'RESCUE',
  'RESIZE',
  'VERIFY_RESIZE',
];

const maxLogBytes = 256 * 1024;

/** Consoles are Nova's: they are asked for at once and cannot do without OpenStack. */
@Injectable()
export class ServerConsoleService {
  constructor(
    private readonly transaction: Transaction,
    private readonly audit: AuditRepository,
    private readonly servers: ServerService,
    private readonly client: ServerConsoleClient,
  ) {}

  /**
   * A new address of the server's screen and keyboard. It is a secret: whoever has it is at the console. That it was asked for is
   * written down, the address never.
   *
   * @throws ServerNotFound, ServerAccessDenied (another project, for admins too), ServerWithoutConsole
   * @throws OpenStackError
   */
  async open({ principal, requestId }: Actor, id: number): Promise<string> {
    const server = await this.requireOwn(principal, id);
    const { openstackId } = server;
    if (openstackId === null || !withConsole.includes(server.status)) throw new ServerWithoutConsole(id, server.status);
    const url = await this.ask(server, this.client.url(projectCall(principal.projectOpenstackId), openstackId));
    await this.transaction.run((tx) =>
      this.audit.insert(tx, {
        actorUserId: principal.userId,
        projectId: server.projectId,
        action: 'server.console',
        resourceType: 'server',
        resourceId: id,
        operationId: null,
        requestId,
      }),
    );
    return url;
  }

  /**
   * The last lines that the guest wrote on its serial console, at most 256 KiB of them.
   *
   * @throws ServerNotFound, ServerAccessDenied (another project, for admins too), ServerWithoutConsole
   * @throws OpenStackError
   */
  async log(principal: Principal, id: number, lines: number): Promise<string> {
    const server = await this.requireOwn(principal, id);
    if (server.openstackId === null) throw new ServerWithoutConsole(id, server.status);
    const call = projectCall(principal.projectOpenstackId);
    return lastBytes(await this.ask(server, this.client.output(call, server.openstackId, lines)), maxLogBytes);
  }

  private async requireOwn(principal: Principal, id: number): Promise<ServerDetails> {
    const server = await this.servers.getDetails(principal, id);
    if (server.projectId !== principal.projectId) throw new ServerAccessDenied(id);
    return server;
  }

  /** Nova knows better than the record whether there is a console. */
  private async ask<T>({ id, status }: ServerDetails, answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      if (error instanceof OpenStackConflict) throw new ServerWithoutConsole(id, status, error);
      if (error instanceof OpenStackNotFound) throw new ServerWithoutConsole(id, 'not in OpenStack any more', error);
      throw error;
    }
  }
}

/** Cut at the beginning, at a whole character. */
function lastBytes(text: string, most: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= most) return text;
  let start = bytes.length - most;
  while (((bytes[start] ?? 0) & 0xc0) === 0x80) start += 1;
  return bytes.subarray(start).toString('utf8');
}
