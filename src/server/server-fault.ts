import type { Fault } from '../operation/operation-kind.js';
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
