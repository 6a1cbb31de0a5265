import type { AnswerSource, OpenStackCall, Scope } from '../openstack/openstack-call.js';
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

  /** The answer that came last; `seenAt` is the database's time at which it was asked for. */
  evidence(seenAt: Date): readonly Evidence[] {
    return this.last === null ? [] : [{ requestId: this.last.requestId, url: this.last.url, seenAt }];
  }

  /** The service's clock at the last answer. */
  get date(): Date | null {
    return this.last?.date ?? null;
  }
}
