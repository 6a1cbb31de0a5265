import { openstackText } from '../openstack/openstack-name.js';

/** So much of a text leaves room for the marker in the 255 that Neutron takes. */
const maxTextLength = 180;

/** A group as far as its description in Neutron goes; `marker` is null for a group that we did not make. */
export interface DescribedGroup {
  readonly description: string | null;
  readonly marker: string | null;
}

/** The description that Neutron gets: for what we made with the marker at its end, by which the group is found again. */
export function neutronDescription({ description, marker }: DescribedGroup): string {
  const text = openstackText(description ?? '');
  if (marker === null) return text;
  const beginning = [...text].slice(0, maxTextLength).join('');
  return beginning === '' ? `[${marker}]` : `${beginning} [${marker}]`;
}

export interface SplitDescription {
  readonly text: string;
  /** What stands where a marker does; null when nothing does. */
  readonly marker: string | null;
}

export function splitDescription(description: string): SplitDescription {
  const match = /^(?:(.*) )?\[([^\s[\]]+)\]$/s.exec(description);
  return { text: match === null ? description : (match[1] ?? ''), marker: match?.[2] ?? null };
}

/**
 * Our text after Neutron showed `seen`: as it is while Neutron says what we sent, which is shorter and plainer, else what someone
 * wrote there.
 */
export function followedDescription(ours: DescribedGroup, seen: string): string | null {
  if (seen === neutronDescription(ours)) return ours.description;
  const { text, marker } = splitDescription(seen);
  const theirs = marker !== null && marker === ours.marker ? text : seen;
  return theirs === '' ? null : theirs;
}
