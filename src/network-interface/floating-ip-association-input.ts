import { z } from 'zod';

/** What putting an address on an interface, or taking it off, was asked for, frozen at the request. */
export const floatingIpAssociationInput = z.object({
  projectOpenstackId: z.string(),
  networkInterfaceId: z.number(),
  portOpenstackId: z.string(),
  /** Null: the port has one IPv4 address, which Neutron finds itself. */
  fixedIpAddress: z.string().nullable(),
});

export type FloatingIpAssociationInput = z.infer<typeof floatingIpAssociationInput>;
