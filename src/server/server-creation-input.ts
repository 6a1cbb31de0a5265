import { z } from 'zod';

/** What a server's creation was asked for, frozen at the request: bodies of calls are made from it alone. */
export const serverCreationInput = z.object({
  name: z.string(),
  flavorId: z.string(),
  networkId: z.string(),
  imageId: z.string(),
  rootVolumeName: z.string(),
  rootVolumeSize: z.number(),
  /** Null: the project's default group, by Neutron's own rule; empty: none. */
  securityGroupOpenstackIds: z.array(z.string()).nullable(),
  /** The name or id of the root volume's type; null: the cloud's default. */
  volumeType: z.string().nullable().default(null),
  /** Null: Neutron chooses. */
  subnetId: z.string().nullable().default(null),
  /** Null: Nova chooses. */
  availabilityZone: z.string().nullable().default(null),
  /** The key that is imported for it; null: none. */
  publicKey: z.string().nullable().default(null),
  /** The catalogue was known when the request came in, and these choices were in it. */
  isChecked: z.boolean(),
});

export type ServerCreationInput = z.infer<typeof serverCreationInput>;
