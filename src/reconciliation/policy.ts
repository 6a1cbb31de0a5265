/** What is done about findings without asking. Administrators set them; without a setting of theirs the defaults hold. */
export interface Policies {
  /** A row whose object is gone: only marked, or deleted when the grace time is over. */
  readonly missing: 'mark' | 'tombstone';
  /** How long an object must be gone before its row is deleted; seconds. */
  readonly missingGraceSeconds: number;
  /** In one project more rows than this, and than the percentage, missing at once are a mass: nothing is applied unconfirmed. */
  readonly massMissingCount: number;
  readonly massMissingPercent: number;
  /** An object in a managed project that has no row. */
  readonly unmanaged: 'report' | 'adopt';
  /** An object that we made and no row owns. */
  readonly orphans: 'report' | 'delete';
  /** A name that differs: the row takes OpenStack's, or OpenStack gets the row's. */
  readonly names: 'accept' | 'enforce';
  /** How long a transition may take without an operation of ours before it is reported as stuck; seconds. */
  readonly stuckAfterSeconds: number;
}

type NamedPolicies = Readonly<Record<string, string | number>>;

/** Those that differ, as the API names them. */
export function changedPolicies(
  before: Policies,
  after: Policies,
): { readonly before: NamedPolicies; readonly after: NamedPolicies } {
  const [old, set] = [new Map(Object.entries(before)), new Map(Object.entries(after))];
  const changed = (policies: Policies): NamedPolicies =>
    Object.fromEntries(
      Object.entries(policies)
        .filter(([name]) => old.get(name) !== set.get(name))
        .map(([name, value]) => [apiName(name), value]),
    );
  return { before: changed(before), after: changed(after) };
}

function apiName(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
