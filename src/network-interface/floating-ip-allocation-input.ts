import { z } from 'zod';

/** What an allocation was asked for, frozen at the request. */
export const floatingIpAllocationInput = z.object({
  projectOpenstackId: z.string(),
  floatingNetworkId: z.string(),
  /** The catalogue was known when the request came in, and the network was in it. */
  isChecked: z.boolean(),
});

export type FloatingIpAllocationInput = z.infer<typeof floatingIpAllocationInput>;
