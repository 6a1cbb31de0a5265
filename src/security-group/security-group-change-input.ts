import { z } from 'zod';

const rule = z.object({
  protocol: z.string().nullable(),
  etherType: z.enum(['IPv4', 'IPv6']),
  direction: z.enum(['ingress', 'egress']),
  portRangeMin: z.number().nullable(),
  portRangeMax: z.number().nullable(),
  remoteIpPrefix: z.string().nullable(),
  /** OpenStack's id. */
  remoteGroup: z.string().nullable(),
  description: z.string().nullable(),
});

/** What a group was asked to become when it was made, frozen at the request. */
export const securityGroupCreationInput = z.object({
  projectOpenstackId: z.string(),
  name: z.string(),
  description: z.string().nullable(),
  rules: z.array(rule),
});

export type SecurityGroupCreationInput = z.infer<typeof securityGroupCreationInput>;

/** What a group was asked to become, frozen at the request. */
export const securityGroupUpdateInput = securityGroupCreationInput.extend({
  /** What it was called before, should Neutron not take the new words. */
  previous: z.object({ name: z.string(), description: z.string().nullable() }),
});

export type SecurityGroupUpdateInput = z.infer<typeof securityGroupUpdateInput>;

export const securityGroupDeletionInput = z.object({ projectOpenstackId: z.string() });

export type SecurityGroupDeletionInput = z.infer<typeof securityGroupDeletionInput>;
