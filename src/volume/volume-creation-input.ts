import { z } from 'zod';

/** What a volume's creation was asked for, frozen at the request: bodies of calls are made from it alone. */
export const volumeCreationInput = z.object({
  projectOpenstackId: z.string(),
  name: z.string(),
  description: z.string().nullable(),
  size: z.number(),
  /** The type's id; where the catalogue was not known, whatever was given: Cinder takes a name too. */
  volumeType: z.string(),
  imageId: z.string().nullable(),
  /** The catalogue was known when the request came in, and these choices were in it. */
  isChecked: z.boolean(),
});

export type VolumeCreationInput = z.infer<typeof volumeCreationInput>;
