import type { Answer, Api, OperationBody } from './api.js';
import type { ProblemBody } from './servers.js';

/** An operation as administrators see it. */
export interface AdminOperationBody extends OperationBody {
  readonly project_id: number | null;
  readonly phase: string;
  readonly attempt: number;
  readonly failures: number;
  readonly last_failure: string | null;
  readonly next_run_at: string;
  readonly deadline_at: string;
  readonly stuck: string | null;
  readonly lease: { readonly owner: string; readonly until_at: string } | null;
}

export interface AdminOperationListBody {
  readonly operations: readonly AdminOperationBody[];
  readonly next_cursor: string | null;
}

/** Requests of an administrator about operations. */
export class OperationAdminRequests {
  constructor(readonly api: Api) {}

  /** `query` as it is, without its question mark. */
  async list<T = AdminOperationListBody>(query = ''): Promise<Answer<T>> {
    return this.api.get<T>(`/admin/operations${query === '' ? '' : `?${query}`}`);
  }

  async ids(query: string): Promise<readonly number[]> {
    return (await this.list(query)).body.operations.map(({ id }) => id);
  }

  async retry(
    id: number,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer<AdminOperationBody & ProblemBody>> {
    return this.api.post(`/admin/operations/${String(id)}/retry`, undefined, { headers });
  }

  async abandon(
    id: number,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer<AdminOperationBody & ProblemBody>> {
    return this.api.post(`/admin/operations/${String(id)}/abandon`, undefined, { headers });
  }
}

/** The id of the operation that an answer leads to. */
export function operationIdOf({ headers }: Pick<Answer<unknown>, 'headers'>): number {
  return Number(headers.get('location')?.split('/').at(-1));
}
