import { describe, expect, it } from '@jest/globals';
import { comparePlaces, compareProjects, compareUsers } from './identity-comparison.js';

const observedAt = new Date('2026-11-24T12:00:00Z');
const project = { id: 1, openstackId: 'p1', name: 'demo', enabled: true, observedAt, isBusy: false };
const user = { id: 2, openstackId: 'u1', accountId: 'mate', enabled: true, isAdmin: false, observedAt, isBusy: false };
const place = {
  id: 3,
  userId: 2,
  projectId: 1,
  userOpenstackId: 'u1',
  projectOpenstackId: 'p1',
  role: 'member' as const,
  isBusy: false,
};
const nobody = new Set<string>();

describe('projects beside Keystone’s', () => {
  it.each([
    ['the same', { name: 'demo', enabled: true }, []],
    ['a new name', { name: 'shop', enabled: true }, ['name']],
    ['disabled', { name: 'demo', enabled: false }, ['enabled']],
  ])('%s', (_what, facts, fields) => {
    const found = compareProjects([project], [{ openstackId: 'p1', ...facts }], nobody);
    expect(found.differing.flatMap(({ differences }) => differences.map(({ field }) => field))).toEqual(fields);
    expect([found.unknown, found.gone]).toEqual([[], []]);
  });

  it('are gone only when Keystone said so, and new without a row', () => {
    const facts = { openstackId: 'p2', name: 'new', enabled: true };
    expect(compareProjects([project], [facts], nobody)).toEqual({ differing: [], unknown: [facts], gone: [] });
    expect(compareProjects([project], [], new Set(['p1'])).gone).toEqual([project]);
  });

  it('are left alone while an operation changes them', () => {
    const busy = { ...project, isBusy: true };
    const facts = { openstackId: 'p1', name: 'shop', enabled: true };
    expect(compareProjects([busy], [facts], new Set(['p1']))).toEqual({ differing: [], unknown: [], gone: [] });
  });
});

describe('people beside Keystone’s', () => {
  it('lose what makes them an admin when they have no role any more', () => {
    const admin = { ...user, isAdmin: true };
    expect(compareUsers([admin], [], nobody).differing).toEqual([
      { row: admin, differences: [{ field: 'is_admin', ours: true, theirs: false, kind: 'field' }] },
    ]);
    expect(compareUsers([user], [], nobody)).toEqual({ differing: [], unknown: [], gone: [] });
  });

  it.each([
    ['account_id', { accountId: 'friend' }],
    ['enabled', { enabled: false }],
    ['is_admin', { isAdmin: true }],
  ])('differ by %s', (field, change) => {
    const facts = { openstackId: 'u1', accountId: 'mate', enabled: true, isAdmin: false, ...change };
    expect(compareUsers([user], [facts], nobody).differing.flatMap(({ differences }) => differences)).toMatchObject([
      { field },
    ]);
  });
});

describe('members beside Keystone’s', () => {
  it.each([
    ['the same', [{ user: 'u1', project: 'p1', role: 'member' as const }], [0, 0, 0]],
    ['another role', [{ user: 'u1', project: 'p1', role: 'reader' as const }], [1, 0, 0]],
    ['none any more', [], [0, 0, 1]],
    ['in another project', [{ user: 'u1', project: 'p2', role: 'reader' as const }], [0, 1, 1]],
  ])('%s', (_what, seen, counts) => {
    const { differing, unknown, gone } = comparePlaces([place], seen);
    expect([differing.length, unknown.length, gone.length]).toEqual(counts);
  });
});
