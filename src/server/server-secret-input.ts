import { z } from 'zod';

/** What only Nova and the person may know of a new server: sealed in the operation until Nova has it. */
export const serverSecret = z.object({ userData: z.string().nullable(), adminPassword: z.string().nullable() });

export type ServerSecret = z.infer<typeof serverSecret>;
