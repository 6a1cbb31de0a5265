/**
 * How far a resource as it is shown can be trusted. `fresh`: as OpenStack had it in the last two minutes. `stale`: OpenStack has not been
 * heard about it for longer. `unknown`: it was never seen there yet, or the last look did not find it.
 */
export const syncs = ['fresh', 'stale', 'unknown'] as const;

export type Sync = (typeof syncs)[number];

/** What OpenStack did not list as changed since is as it was seen last: the row's own sight counts, or the last list of changes. */
const freshSeconds = 120;

/** The column `sync` of the table that `alias` stands for. */
export function syncColumn(alias: string, table: string): string {
  const r = alias;
  return `CASE WHEN ${r}.missing_since IS NOT NULL OR ${r}.observed_at IS NULL THEN 'unknown'
       WHEN GREATEST(${r}.observed_at, COALESCE((SELECT w.updated_at FROM watermark w WHERE w.name = '${table}'), ${r}.observed_at))
            >= NOW(3) - INTERVAL ${String(freshSeconds)} SECOND THEN 'fresh' ELSE 'stale' END AS sync`;
}
