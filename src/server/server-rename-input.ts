import { z } from 'zod';

const facts = z.object({ name: z.string(), description: z.string().nullable(), isProtected: z.boolean() });

/** What a server is to be called and was called, frozen at the request. */
export const serverRenameInput = z.object({
  before: facts,
  after: facts,
  /** Null for a server that was never made in Nova: there is nothing to rename there. */
  openstackId: z.string().nullable(),
});

export type ServerRenameInput = z.infer<typeof serverRenameInput>;
