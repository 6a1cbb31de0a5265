import { z } from 'zod';

/** Whose place in which project is changed, frozen at the request; `userId` is ours. */
export const membershipInput = z.object({
  userId: z.number(),
  userOpenstackId: z.string(),
  projectOpenstackId: z.string(),
  role: z.enum(['member', 'reader']),
});

export type MembershipInput = z.infer<typeof membershipInput>;
