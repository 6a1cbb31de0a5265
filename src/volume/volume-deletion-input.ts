import { z } from 'zod';

/** What a deletion was asked for, frozen at the request. */
export const volumeDeletionInput = z.object({ projectOpenstackId: z.string() });

export type VolumeDeletionInput = z.infer<typeof volumeDeletionInput>;
