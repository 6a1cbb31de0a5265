import type { Fault } from '../operation/operation-kind.js';
import type { ObservedVolume } from '../volume/volume.client.js';
import type { ObservedServer } from './server.client.js';

/** Why Nova could not build a server, in Nova's own words. */
export function buildFault(server: Pick<ObservedServer, 'fault'>): Fault {
  const words = server.fault?.message.trim() ?? '';
  const said = words === '' ? 'Nova gave no reason' : `Nova said: ${words}`;
  const isFull = /No valid host/i.test(words);
  return {
    code: isFull ? 'CAPACITY_UNAVAILABLE' : 'OPENSTACK_REFUSED',
    message: `The server could not be built. ${said}${isFull ? ' No host has room for this flavor: choose a smaller one, or try again later.' : ''}`,
    openstackRequestIds: [],
  };
}

/** Why Cinder could not make a volume; `messages` are Cinder's user messages, newest first. */
export function volumeFault(volume: Pick<ObservedVolume, 'status'>, messages: readonly string[]): Fault {
  const said =
    messages[0] === undefined
      ? `its status is ${volume.status} and Cinder gave no reason`
      : `Cinder said: ${messages[0]}`;
  const isFull = messages.some((message) => /no valid (backend|host)|not enough|capacity/i.test(message));
  return {
    code: isFull ? 'CAPACITY_UNAVAILABLE' : 'OPENSTACK_REFUSED',
    message: `The root volume could not be made: ${said}`,
    openstackRequestIds: [],
  };
}
