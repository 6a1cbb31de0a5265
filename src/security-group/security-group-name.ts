import { openstackName } from '../openstack/openstack-name.js';

const maxNameLength = 255;

/** How a group's name from OpenStack reads here: the first one as it is, further ones with `-2`, `-3` … */
export function importedName(name: string, copy: number): string {
  const suffix = copy === 1 ? '' : `-${String(copy)}`;
  return `${[...name].slice(0, maxNameLength - suffix.length).join('')}${suffix}`;
}

/**
 * Whether our name is still the one that the group was made or imported under; if not, it was renamed in OpenStack, which has the
 * names that we gave without what it does not take.
 */
export function keepsName(ours: string, theirs: string): boolean {
  if (openstackName(ours) === theirs) return true;
  const copy = /-(\d+)$/.exec(ours)?.[1];
  return ours === importedName(theirs, 1) || (copy !== undefined && ours === importedName(theirs, Number(copy)));
}

/** Neutron lets nobody give this name, in whatever case, since each project's own group has it. */
export function isDefaultName(name: string): boolean {
  return openstackName(name).toLowerCase() === 'default';
}
