import { describe, expect, it } from '@jest/globals';
import { isOrphan } from './orphan-sweeper.service.js';

const object = { openstackId: 'os-1', projectOpenstackId: 'p', uuid: 'u' };

describe('isOrphan', () => {
  it.each([
    ['a marker that we do not know', undefined, [], false],
    ['the recorded object of a live row', { openstackId: 'os-1', isDeleted: false }, [], false],
    ['a second object of a live row', { openstackId: 'os-2', isDeleted: false }, [], true],
    ['an object of a row that records none, at rest', { openstackId: null, isDeleted: false }, [], true],
    ['an object of a row that records none, under way', { openstackId: null, isDeleted: false }, [7], false],
    ['the object of a deleted row', { openstackId: 'os-1', isDeleted: true, deletedReason: 'user' }, [], true],
    [
      'the object of a row that was missed',
      { openstackId: 'os-1', isDeleted: true, deletedReason: 'external' },
      [],
      false,
    ],
    ['a second object of such a row', { openstackId: 'os-2', isDeleted: true, deletedReason: 'external' }, [], true],
    [
      'what was given to another project',
      { openstackId: 'os-1', projectOpenstackId: 'q', isDeleted: true, deletedReason: 'user' },
      [],
      false,
    ],
    ['the object of a row that is being deleted', { openstackId: 'os-1', isDeleted: true }, [7], false],
  ] as const)('%s', (_case, row, locked, expected) => {
    const marked =
      row === undefined ? undefined : { id: 7, uuid: 'u', projectOpenstackId: 'p', deletedReason: null, ...row };
    expect(isOrphan(object, marked, new Set(locked))).toBe(expected);
  });
});
