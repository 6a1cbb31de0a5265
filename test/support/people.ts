import { randomBytes } from 'node:crypto';
import { Api, type Answer } from './api.js';
import type { ProblemBody } from './servers.js';

export interface ProjectNameBody {
  readonly id: number;
  readonly openstack_id: string;
  readonly name: string;
}

/** A user as the API shows it; of a stranger most is null. */
export interface UserBody {
  readonly id: number;
  readonly openstack_id: string | null;
  readonly account_id: string;
  readonly name: string;
  readonly domain_id: number | null;
  readonly domain: { readonly openstack_id: string } | null;
  readonly projects: readonly ProjectNameBody[] | null;
  readonly created_at: string | null;
  readonly deleted_at: string | null;
}

export interface ProjectBody extends ProjectNameBody {
  readonly domain_id: number;
  readonly accounts: readonly { readonly id: number; readonly account_id: string }[];
}

/** Passes our rules, and is seen nowhere else: for looking whether it leaked. */
export const goodPassword = 'canary-7Kq2-password';

export function newAccountId(): string {
  return `u${randomBytes(6).toString('hex')}`;
}

/** Asks for an account, as a stranger. */
export async function signUp(
  url: string,
  accountId: string,
  changes: Readonly<Record<string, unknown>> = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer<UserBody & ProblemBody>> {
  const body = { account_id: accountId, password: goodPassword, name: 'New', ...changes };
  return new Api(url).post<UserBody & ProblemBody>('/users', body, { headers });
}

/** An account that is there. */
export async function signedUp(url: string, accountId = newAccountId()): Promise<UserBody> {
  const answer = await signUp(url, accountId);
  if (answer.status === 201) return answer.body;
  throw new Error(`POST /users: ${String(answer.status)} ${JSON.stringify(answer.body)}`);
}

/** Requests for who is in a project. */
export class MemberRequests {
  constructor(private readonly api: Api) {}

  async add<T = ProblemBody>(projectId: number, userId: number, body?: unknown): Promise<Answer<T>> {
    return this.api.post<T>(pathOf(projectId, userId), body);
  }

  async remove<T = ProblemBody>(projectId: number, userId: number, query = ''): Promise<Answer<T>> {
    return this.api.delete<T>(`${pathOf(projectId, userId)}${query}`);
  }
}

function pathOf(projectId: number, userId: number): string {
  return `/projects/${String(projectId)}/users/${String(userId)}`;
}

/** Somebody who signed up, was added to a project by one of its members, and has logged in. */
export async function newMember(url: string, by: Api, role: 'member' | 'reader' = 'member'): Promise<Api> {
  const { id, account_id } = await signedUp(url);
  const projectId = by.login?.project_id ?? 0;
  const added = await new MemberRequests(by).add(projectId, id, { role });
  if (added.status !== 204) throw new Error(`adding a member: ${String(added.status)} ${JSON.stringify(added.body)}`);
  return Api.login(url, { account_id, password: goodPassword });
}
