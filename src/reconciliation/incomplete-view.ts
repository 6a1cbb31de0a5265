import type { ResourceType } from '../operation/operation-state.js';
import type { Evidence, FindingDraft } from './finding.js';

/** What is found where a list could not be read to its end, or cannot be believed: nothing is concluded from what it did not show. */
export function incompleteView(
  resourceType: ResourceType,
  reason: string,
  evidence: readonly Evidence[],
): FindingDraft {
  return {
    type: 'INCOMPLETE_VIEW',
    resourceType,
    resourceId: null,
    openstackId: null,
    projectId: null,
    before: null,
    after: null,
    action: null,
    allowed: false,
    reason,
    evidence,
    firstSeenAt: null,
  };
}
