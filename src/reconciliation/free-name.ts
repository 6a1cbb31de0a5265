import { duplicateKey } from '../database/database-errors.js';
import { openstackName } from '../openstack/openstack-name.js';

const maxNameLength = 255;

/** How a name from OpenStack reads here, where it is given once in a project: the first as it is, further ones with `-2`, `-3` … */
export function nameHere(name: string, copy: number): string {
  const suffix = copy === 1 ? '' : `-${String(copy)}`;
  return `${[...name].slice(0, maxNameLength - suffix.length).join('')}${suffix}`;
}

/**
 * Whether our name is the one that the object has, or was taken over from it. OpenStack has the names that we gave without what it does
 * not take, and without white space at the edges.
 */
export function isNameOf(ours: string, theirs: string): boolean {
  if (openstackName(ours).trim() === theirs.trim()) return true;
  const copy = /-(\d+)$/.exec(ours)?.[1];
  return ours === nameHere(theirs, 1) || (copy !== undefined && ours === nameHere(theirs, Number(copy)));
}

/** Writes with the first form of the name that is not taken; `uniqueKey` is the one that says so. */
export async function withFreeName<T>(
  name: string,
  uniqueKey: string,
  write: (name: string) => Promise<T>,
): Promise<T> {
  for (let copy = 1; ; copy += 1) {
    try {
      return await write(nameHere(name, copy));
    } catch (error) {
      if (duplicateKey(error) !== uniqueKey) throw error;
    }
  }
}
