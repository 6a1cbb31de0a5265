export const findingTypes = [
  'STATUS_DRIFT',
  'FIELD_DRIFT',
  'MISSING',
  'MASS_MISSING',
  'DELETED_OUTSIDE',
  'ERROR_FAULT',
  'STUCK_TRANSITION',
  'ORPHAN',
  'UNMANAGED',
  'UNDEAD',
  'INCOMPLETE_VIEW',
] as const;

export type FindingType = (typeof findingTypes)[number];

/**
 * What applying a finding does. FOLLOW: the row takes over what OpenStack shows. MARK_MISSING: the row says since when its object is not
 * seen. TOMBSTONE: the row is deleted. DELETE: the object is deleted in OpenStack. ADOPT: the object gets a row. RENAME: the object gets
 * the row's name. RESTORE: the deleted row lives again.
 */
export const findingActions = ['FOLLOW', 'MARK_MISSING', 'TOMBSTONE', 'DELETE', 'ADOPT', 'RENAME', 'RESTORE'] as const;

export type FindingAction = (typeof findingActions)[number];

export const findingStates = ['OPEN', 'APPLIED', 'SKIPPED', 'FAILED'] as const;

export type FindingState = (typeof findingStates)[number];

export type Fact = string | number | boolean | null | readonly Fact[] | { readonly [name: string]: Fact };
export type Facts = Readonly<Record<string, Fact>>;
