import { Refusal, type Answer } from './wire.js';

export function neutronError(status: number, type: string, message: string): Answer {
  return { status, body: { NeutronError: { type, message, detail: '' } } };
}

export function refusal(status: number, type: string, message: string): Refusal {
  return new Refusal(neutronError(status, type, message));
}

export function badRequest(message: string): Refusal {
  return refusal(400, 'HTTPBadRequest', message);
}

export function invalidInput(field: string, reason: string): Refusal {
  return badRequest(`Invalid input for ${field}. Reason: ${reason}.`);
}

const kinds = {
  network: ['NetworkNotFound', (id: string) => `Network ${id} could not be found.`],
  subnet: ['SubnetNotFound', (id: string) => `Subnet ${id} could not be found.`],
  port: ['PortNotFound', (id: string) => `Port ${id} could not be found.`],
  router: ['RouterNotFound', (id: string) => `Router ${id} could not be found`],
  floatingip: ['FloatingIPNotFound', (id: string) => `Floating IP ${id} could not be found`],
  security_group: ['SecurityGroupNotFound', (id: string) => `Security group ${id} does not exist`],
  security_group_rule: ['SecurityGroupRuleNotFound', (id: string) => `Security group rule ${id} does not exist`],
} as const;

export type NeutronKind = keyof typeof kinds;

export function notFound(kind: NeutronKind, id: string): Refusal {
  const [type, text] = kinds[kind];
  return refusal(404, type, text(id));
}

export function overQuota(resource: string): Refusal {
  return refusal(409, 'OverQuota', `Quota exceeded for resources: ['${resource}'].`);
}

/** A look at what is not one's own is 404; a change without the role is this. */
export function forbidden(action: string): Refusal {
  return refusal(403, 'PolicyNotAuthorized', `rule:${action} is disallowed by policy`);
}
