import type { Config } from '../config/config.js';

type Settings = Config['settings'];

/** What a person wants to know of a loop before its times. */
export interface LoopPurpose {
  readonly description: string;
  readonly intervalMs: number;
}

/** How soon after a project appeared its default group is there, at most; milliseconds. */
const newProjectsMs = 2_000;

/** How often it is looked for projects without a default group. */
export function defaultGroupsEveryMs({ IDENTITY_SWEEP_MS }: Pick<Settings, 'IDENTITY_SWEEP_MS'>): number {
  return Math.min(newProjectsMs, IDENTITY_SWEEP_MS);
}

/** By the name of its lease, a loop's shard behind a colon; null for one that is not known here. */
export function purposeOf(lease: string, settings: Settings): LoopPurpose | null {
  const [name = '', shard = ''] = lease.split(':', 2);
  const { DELTA_MS, IDENTITY_SWEEP_MS, ORPHAN_SWEEP_MS, SWEEP_MS } = settings;
  switch (name) {
    case 'delta':
      return {
        description: `Takes over what OpenStack lists as changed since the last look: ${shard.replaceAll('_', ' ')}s.`,
        intervalMs: DELTA_MS,
      };
    case 'identity':
      return {
        description: 'Takes over projects, people and who is a member of what from Keystone.',
        intervalMs: IDENTITY_SWEEP_MS,
      };
    case 'orphans':
      return {
        description:
          'Looks for what was made here and belongs to nothing any more, and deletes it if the policy says so.',
        intervalMs: ORPHAN_SWEEP_MS,
      };
    case 'default-groups':
      return {
        description:
          'Brings the default security group of each new project into the record; rests while there is none.',
        intervalMs: defaultGroupsEveryMs(settings),
      };
    case 'sweep':
      return {
        description:
          'Compares everything by complete lists: the one loop that finds what is missing or was not made here.',
        intervalMs: SWEEP_MS,
      };
    default:
      return null;
  }
}
