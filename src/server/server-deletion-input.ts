import { z } from 'zod';

/** What goes with a server, by our ids, frozen at the request. */
export const serverDeletionInput = z.object({
  volumeId: z.number().nullable(),
  networkInterfaceIds: z.array(z.number()),
});

export type ServerDeletionInput = z.infer<typeof serverDeletionInput>;
