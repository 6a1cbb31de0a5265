import { z } from 'zod';

/** What a rename was asked for, frozen at the request. */
export const volumeRenameInput = z.object({
  projectOpenstackId: z.string(),
  name: z.string(),
  description: z.string().nullable(),
  /** What the record had before: it gets them back when Cinder refuses. */
  previousName: z.string(),
  previousDescription: z.string().nullable(),
});

export type VolumeRenameInput = z.infer<typeof volumeRenameInput>;

/** What an extension was asked for, frozen at the request. */
export const volumeExtensionInput = z.object({
  projectOpenstackId: z.string(),
  /** GiB. */
  size: z.number(),
});

export type VolumeExtensionInput = z.infer<typeof volumeExtensionInput>;
