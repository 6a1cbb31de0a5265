import { z } from 'zod';

/** What a start, a stop or a reboot found before it sent anything: the newest thing that Nova had done to the server. */
export const actionsBefore = z.object({ newestRequestId: z.string().nullable() });

export type ActionsBefore = z.infer<typeof actionsBefore>;

export const serverRebootInput = z.object({ type: z.enum(['soft', 'hard']) });

export type ServerRebootInput = z.infer<typeof serverRebootInput>;
