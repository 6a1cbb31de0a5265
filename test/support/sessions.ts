import { Api, type Answer, type LoginBody } from './api.js';
import type { ProblemBody } from './servers.js';

export interface RefreshBody {
  readonly token: string;
  readonly expires_at: string;
  readonly refresh_token: string;
}

/** Exchanges a refresh token. */
export async function refresh(url: string, refreshToken: string): Promise<Answer<RefreshBody & ProblemBody>> {
  return new Api(url).post<RefreshBody & ProblemBody>('/auth/refresh', { refresh_token: refreshToken });
}

/** The refresh token with which an account's session began. */
export function refreshTokenOf(api: Api): string {
  const token = api.login?.refresh_token;
  if (token === undefined) throw new Error('nobody is logged in');
  return token;
}

/** Tries to log in, with the address that a proxy names if one is given. */
export async function tryLogin(
  url: string,
  accountId: string,
  password: string,
  forwardedFor?: string,
): Promise<Answer<LoginBody & ProblemBody>> {
  return new Api(url).post<LoginBody & ProblemBody>(
    '/auth/login',
    { account_id: accountId, password },
    forwardedFor === undefined ? {} : { headers: { 'x-forwarded-for': forwardedFor } },
  );
}
