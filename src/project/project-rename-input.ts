import { z } from 'zod';

/** What a rename was asked for, frozen at the request. */
export const projectRenameInput = z.object({ name: z.string(), domainOpenstackId: z.string() });

export type ProjectRenameInput = z.infer<typeof projectRenameInput>;
