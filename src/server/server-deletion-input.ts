import { z } from 'zod';

/** What goes with a server, by our ids, frozen at the request. */
export const serverDeletionInput = z.object({
  /** The root volume. */
  volumeId: z.number().nullable(),
  networkInterfaceIds: z.array(z.number()),
  /** Data volumes that are deleted once the server has let them go. */
  dataVolumeIds: z.array(z.number()).default([]),
  /** Addresses that are given back once the server has let them go. */
  floatingIpIds: z.array(z.number()).default([]),
  /** Nobody asked: the server is gone from OpenStack. Its ports go, its data stay. */
  isDeletedOutside: z.boolean().default(false),
});

export type ServerDeletionInput = z.infer<typeof serverDeletionInput>;
