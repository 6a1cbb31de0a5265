import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { OpenStackCall } from '../openstack/openstack-call.js';
import { OpenStackHttp } from '../openstack/openstack-http.js';
import { novaMicroversion } from '../openstack/openstack-microversions.js';
import { path } from '../openstack/openstack-path.js';

const remoteConsole = z.object({ remote_console: z.object({ url: z.string().min(1) }) });
const consoleOutput = z.object({ output: z.string().nullish() });

/** Nova's consoles. A server that is unknown or gone is OpenStackNotFound, one without a running guest OpenStackConflict. */
@Injectable()
export class ServerConsoleClient {
  constructor(private readonly http: OpenStackHttp) {}

  /** A new address with a token in it: whoever has it is at the console. Changes nothing else. */
  async url(call: OpenStackCall, openstackId: string): Promise<string> {
    const answer = await this.http.send({
      service: 'compute',
      method: 'POST',
      path: path`/servers/${openstackId}/remote-consoles`,
      operation: 'POST /servers/{id}/remote-consoles',
      microversion: novaMicroversion,
      body: { remote_console: { protocol: 'vnc', type: 'novnc' } },
      ok: [200],
      schema: remoteConsole,
      call,
    });
    return answer.data.remote_console.url;
  }

  /** The last lines that the guest wrote on its serial console; empty when it wrote none. */
  async output(call: OpenStackCall, openstackId: string, lines: number): Promise<string> {
    const answer = await this.http.send({
      service: 'compute',
      method: 'POST',
      path: path`/servers/${openstackId}/action`,
      operation: 'POST /servers/{id}/action os-getConsoleOutput',
      microversion: novaMicroversion,
      body: { 'os-getConsoleOutput': { length: lines } },
      ok: [200],
      schema: consoleOutput,
      call,
    });
    return answer.data.output ?? '';
  }
}
