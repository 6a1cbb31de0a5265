import { z } from 'zod';

/** What an account is made of, frozen at the request; the password is nowhere. */
export const signUpInput = z.object({ accountId: z.string(), domainOpenstackId: z.string() });

export type SignUpInput = z.infer<typeof signUpInput>;
