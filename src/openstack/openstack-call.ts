export const openstackServices = ['identity', 'compute', 'network', 'volume', 'image'] as const;

export type OpenStackService = (typeof openstackServices)[number];

/**
 * Whose token a call carries. `admin`: the service account's own scope, for lists over all projects, for Keystone and for
 * resetting stuck volumes. `project`: the service account as a member of that project (an OpenStack project id).
 */
export type Scope = { readonly kind: 'admin' } | { readonly kind: 'project'; readonly projectId: string };

/** By which request of OpenStack something became known. */
export interface AnswerSource {
  /** The service's id of the request; empty where it gave none. */
  readonly requestId: string;
  /** What was asked for, below the service's endpoint. */
  readonly url: string;
  /** The service's clock; null when it did not tell. */
  readonly date: Date | null;
}

/** What every client function takes first. */
export interface OpenStackCall {
  readonly scope: Scope;
  /**
   * Runs last of all before the request is sent: the token is fetched and the service's slot is taken. Throwing prevents the
   * request. Only calls that change OpenStack need it.
   */
  readonly beforeSend?: () => Promise<void>;
  readonly signal?: AbortSignal;
  /** Told of every answer that was a success, before the client function returns. */
  readonly onAnswer?: (source: AnswerSource) => void;
}

export const adminCall: OpenStackCall = { scope: { kind: 'admin' } };

export function projectCall(projectId: string): OpenStackCall {
  return { scope: { kind: 'project', projectId } };
}
