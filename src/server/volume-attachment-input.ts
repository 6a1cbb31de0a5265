import { z } from 'zod';

/** What putting a volume on a server, or taking it off, was asked for, frozen at the request. */
export const volumeAttachmentInput = z.object({
  projectOpenstackId: z.string(),
  serverOpenstackId: z.string(),
});

export type VolumeAttachmentInput = z.infer<typeof volumeAttachmentInput>;
