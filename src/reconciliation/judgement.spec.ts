import { describe, expect, it } from '@jest/globals';
import { isMassMissing, judgeAbsence, judgePair, judgeStray } from './judgement.js';
import type { Difference, ReconciledRow } from './marked-resource.js';
import type { Policies } from './policy.js';

const now = new Date('2026-01-01T12:00:00Z');
const ago = (seconds: number): Date => new Date(now.getTime() - seconds * 1000);

const policies: Policies = {
  missing: 'tombstone',
  missingGraceSeconds: 300,
  massMissingCount: 1,
  massMissingPercent: 20,
  unmanaged: 'report',
  orphans: 'delete',
  names: 'accept',
  stuckAfterSeconds: 1800,
};

const row: ReconciledRow = {
  id: 7,
  uuid: 'u',
  openstackId: 'os-7',
  projectId: 3,
  name: 'web',
  observedAt: ago(60),
  createdAt: ago(3600),
  missingSince: null,
  isDeleted: 0,
  deletedReason: null,
  operationId: null,
  readAt: now,
};

const seen = { openstackId: 'os-7', projectId: 'p-3', name: 'web' };

function pair(differences: readonly Difference[], more: object = {}) {
  return {
    resourceType: 'server' as const,
    row,
    seen,
    differences,
    transition: null,
    canRename: true,
    seenAt: now,
    evidence: [],
    policies,
    ...more,
  };
}

const status: Difference = { field: 'status', ours: 'ACTIVE', theirs: 'SHUTOFF', kind: 'status' };
const fault: Difference = { field: 'fault', ours: null, theirs: 'NoValidHost', kind: 'fault' };
const name: Difference = { field: 'name', ours: 'web', theirs: 'renamed', kind: 'name' };
const size: Difference = { field: 'size', ours: 1, theirs: 2, kind: 'field' };

describe('judgePair', () => {
  it('says nothing when both agree', () => {
    expect(judgePair(pair([]))).toEqual([]);
  });

  it.each([
    ['another status', [status, size], 'STATUS_DRIFT'],
    ['an error', [status, fault], 'ERROR_FAULT'],
    ['another size', [size], 'FIELD_DRIFT'],
    ['another name', [name], 'FIELD_DRIFT'],
  ] as const)('follows %s', (_case, differences, type) => {
    expect(judgePair(pair(differences))).toMatchObject([{ type, action: 'FOLLOW', allowed: true, resourceId: 7 }]);
  });

  it('gives OpenStack the name where the policy says so, and follows the rest', () => {
    const enforcing = { policies: { ...policies, names: 'enforce' } };
    expect(judgePair(pair([name, size], enforcing))).toMatchObject([
      { action: 'FOLLOW', before: { size: 1 }, after: { size: 2 } },
      { action: 'RENAME', before: { name: 'web' }, after: { name: 'renamed' } },
    ]);
  });

  it('reports a transition that nobody works on, and only when it has lasted', () => {
    const since = (seconds: number) => ({ transition: { since: ago(seconds), repair: 'reset it' } });
    expect(judgePair(pair([], since(1700)))).toEqual([]);
    expect(judgePair(pair([], since(1900)))).toMatchObject([
      { type: 'STUCK_TRANSITION', action: null, allowed: false, reason: 'reset it' },
    ]);
  });
});

function stray(more: object) {
  return judgeStray({
    resourceType: 'server',
    seen,
    projectId: 3,
    row: null,
    isMarked: false,
    objection: null,
    firstSeenAt: null,
    now,
    orphanAgeMs: 100_000,
    evidence: [],
    policies,
    ...more,
  });
}

describe('judgeStray', () => {
  const deleted: ReconciledRow = { ...row, isDeleted: 1, deletedReason: 'user' };

  it.each([
    ['nothing of ours', {}, { type: 'UNMANAGED', action: null, allowed: false }],
    [
      'nothing of ours, to be adopted',
      { policies: { ...policies, unmanaged: 'adopt' } },
      { type: 'UNMANAGED', action: 'ADOPT', allowed: true },
    ],
    [
      'nothing of ours, to be adopted if it could be',
      { policies: { ...policies, unmanaged: 'adopt' }, objection: 'It is somebody’s.' },
      { type: 'UNMANAGED', action: null, allowed: false, reason: 'It is somebody’s.' },
    ],
    [
      'ours and deleted, at first sight',
      { row: deleted, isMarked: true },
      { type: 'ORPHAN', action: 'DELETE', allowed: false },
    ],
    [
      'ours and deleted, at second sight',
      { row: deleted, isMarked: true, firstSeenAt: ago(101) },
      { type: 'ORPHAN', action: 'DELETE', allowed: true },
    ],
    [
      'ours and deleted, and given to another project',
      {
        row: { ...deleted, projectId: 4 },
        ...{ isMarked: true, firstSeenAt: ago(101), policies: { ...policies, unmanaged: 'adopt' } },
      },
      { type: 'UNMANAGED', action: null, allowed: false, reason: expect.stringMatching(/another project/) },
    ],
    [
      'the same without its marker, to be adopted',
      { row: { ...deleted, projectId: 4 }, policies: { ...policies, unmanaged: 'adopt' } },
      { type: 'UNMANAGED', action: 'ADOPT', allowed: true },
    ],
    [
      'ours and deleted, to be reported only',
      { row: deleted, isMarked: true, firstSeenAt: ago(101), policies: { ...policies, orphans: 'report' } },
      { type: 'ORPHAN', action: null, allowed: false },
    ],
    [
      'a second object of a live row',
      { row: { ...row, openstackId: 'os-8' }, isMarked: true, firstSeenAt: ago(101) },
      { type: 'ORPHAN', action: 'DELETE', allowed: true },
    ],
    [
      'deleted here, without a marker',
      { row: deleted, firstSeenAt: ago(1000) },
      { type: 'UNDEAD', action: null, allowed: false },
    ],
    [
      'taken for deleted outside, yet there',
      { row: { ...deleted, deletedReason: 'external' }, isMarked: true, firstSeenAt: ago(1000) },
      { type: 'UNDEAD', action: 'RESTORE', allowed: true },
    ],
  ])('%s', (_case, given, expected) => {
    expect(stray(given)).toMatchObject(expected);
  });

  it('says nothing while an operation works on the row', () => {
    expect(stray({ row: { ...deleted, operationId: 5 }, isMarked: true, firstSeenAt: ago(1000) })).toBeNull();
  });
});

describe('isMassMissing', () => {
  it.each([
    [{ missing: 1, live: 1 }, false],
    [{ missing: 1, live: 2 }, false],
    [{ missing: 2, live: 2 }, true],
    [{ missing: 2, live: 9 }, true],
    [{ missing: 2, live: 10 }, false],
    [{ missing: 20, live: 100 }, false],
    [{ missing: 21, live: 100 }, true],
  ])('%j: %s', (share, expected) => {
    expect(isMassMissing(share, policies)).toBe(expected);
  });
});

describe('judgeAbsence', () => {
  const absence = {
    resourceType: 'server' as const,
    row,
    isMass: false,
    firstSeenAt: ago(10),
    now,
    evidence: [],
    policies,
  };

  const marked = { before: { is_missing: false }, after: { is_missing: true } };

  it.each([
    ['in the grace time', {}, { type: 'MISSING', action: 'MARK_MISSING', allowed: true, ...marked }],
    [
      'in the grace time, marked already',
      { row: { ...row, missingSince: ago(10) } },
      { type: 'MISSING', action: null, before: null, after: null },
    ],
    ['after it', { firstSeenAt: ago(300) }, { type: 'DELETED_OUTSIDE', action: 'TOMBSTONE', allowed: true }],
    [
      'after it, marked already',
      { firstSeenAt: ago(300), row: { ...row, missingSince: ago(300) } },
      { action: 'TOMBSTONE', before: { is_deleted: false }, after: { is_deleted: true } },
    ],
    [
      'after it, with the policy to mark only',
      { firstSeenAt: ago(300), policies: { ...policies, missing: 'mark' } },
      { type: 'DELETED_OUTSIDE', action: 'MARK_MISSING', allowed: true, ...marked },
    ],
    [
      'one of many',
      { firstSeenAt: ago(300), isMass: true },
      {
        type: 'MASS_MISSING',
        action: 'TOMBSTONE',
        allowed: false,
        reason: expect.stringMatching(/confirm_mass_change/),
      },
    ],
    [
      'one of many in the grace time, marked already: there is nothing to confirm',
      { row: { ...row, missingSince: ago(10) }, isMass: true },
      { type: 'MASS_MISSING', action: null, allowed: false, reason: expect.stringMatching(/still gone 300 s after/) },
    ],
  ])('%s', (_case, given, expected) => {
    expect(judgeAbsence({ ...absence, ...given } as Parameters<typeof judgeAbsence>[0])).toMatchObject(expected);
  });
});
