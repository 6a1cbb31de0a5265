import { z } from 'zod';

/** Which groups an interface was asked to be in, frozen at the request. */
export const securityGroupsOfInterfaceInput = z.object({
  projectOpenstackId: z.string(),
  portOpenstackId: z.string(),
  /** OpenStack's ids. */
  securityGroupOpenstackIds: z.array(z.string()),
  /** Our ids of those that it was in before, should Neutron not take the new ones. */
  previousIds: z.array(z.number()),
});

export type SecurityGroupsOfInterfaceInput = z.infer<typeof securityGroupsOfInterfaceInput>;
