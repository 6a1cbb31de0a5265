import { AsyncLocalStorage } from 'node:async_hooks';

const scope = new AsyncLocalStorage<string>();

/** Everything that `work` calls or begins logs this request id. */
export function withinRequest(requestId: string, work: () => void): void {
  scope.run(requestId, work);
}

/** Undefined outside of a request. */
export function currentRequestId(): string | undefined {
  return scope.getStore();
}
