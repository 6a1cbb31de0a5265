import { AsyncLocalStorage } from 'node:async_hooks';

const scope = new AsyncLocalStorage<true>();

/** Marks everything that `work` calls as being inside a database transaction. */
export function insideTransaction<T>(work: () => Promise<T>): Promise<T> {
  return scope.run(true, work);
}

/** True while a database transaction is open around the caller: no call to OpenStack may be made then. */
export function isInTransaction(): boolean {
  return scope.getStore() === true;
}
