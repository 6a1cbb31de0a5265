import type { Fault } from '../operation/operation-kind.js';

/** Why Cinder did not do something to a volume; `messages` are its user messages about it, newest first. */
export function volumeFault(what: string, status: string, messages: readonly string[]): Fault {
  const [newest] = messages;
  const said = newest === undefined ? `its status is ${status} and Cinder gave no reason` : `Cinder said: ${newest}`;
  const isFull = messages.some((message) =>
    /(no valid|any available weighted) (backend|host)|not enough|capacity/i.test(message),
  );
  return {
    code: isFull ? 'CAPACITY_UNAVAILABLE' : 'OPENSTACK_REFUSED',
    message: `${what}: ${said}`,
    openstackRequestIds: [],
  };
}

/** The fault of a volume that someone deleted past us. */
export function volumeGone(name: string): Fault {
  const message = `Volume "${name}" is not in OpenStack any more.`;
  return { code: 'VOLUME_NOT_FOUND', message, openstackRequestIds: [] };
}
