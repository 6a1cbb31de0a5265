import type { AnswerSource, OpenStackCall, Scope } from '../openstack/openstack-call.js';
import type { OpenStackNotFound } from '../openstack/openstack-errors.js';
import type { Evidence } from './finding.js';

/** Listens to the calls of one piece of work, so that what they show can name its source. */
export class AnswerWatch {
  private last: AnswerSource | null = null;

  call(scope: Scope): OpenStackCall {
    return {
      scope,
      onAnswer: (source) => {
        this.last = source;
      },
    };
  }

  /** The service's own clock, as the answer that came last tells it; null where it tells none. */
  get serviceTime(): Date | null {
    return this.last?.date ?? null;
  }

  /** The service said that there is no such object. */
  notFound({ operation, requestId }: OpenStackNotFound, openstackId: string): void {
    const url = operation.replace(/^[A-Z]+ /, '').replace(/\{[^}]*\}/, openstackId);
    this.last = { requestId: requestId ?? '', url, date: null };
  }

  /** The answer that came last; `seenAt` is the database's time at which it was asked for. */
  evidence(seenAt: Date): readonly Evidence[] {
    return this.last === null ? [] : [{ requestId: this.last.requestId, url: this.last.url, seenAt }];
  }
}
