import { z } from 'zod';

/** What a release was asked for, frozen at the request. */
export const floatingIpReleaseInput = z.object({ projectOpenstackId: z.string() });

export type FloatingIpReleaseInput = z.infer<typeof floatingIpReleaseInput>;
