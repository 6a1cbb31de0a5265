import type { IncomingHttpHeaders } from 'node:http';
import { refuse } from './openstack-fault.js';
import type { Answer } from './wire.js';

/** Nova and Cinder number their versions within one major version; all below are minor ones. */
export interface VersionRange {
  readonly service: 'compute' | 'volume';
  readonly major: number;
  readonly lowest: number;
  readonly highest: number;
}

/**
 * What the request asks for; the lowest when it asks for nothing.
 *
 * @throws 400 for what is no version, 406 for one that does not exist
 */
export function microversionOf(headers: IncomingHttpHeaders, range: VersionRange): number {
  const wanted = wantedVersion(headers, range);
  if (wanted === null) return range.lowest;
  const { major, lowest, highest } = range;
  if (wanted === 'latest') return highest;
  const match = /^(\d+)\.(\d+)$/.exec(wanted);
  if (match === null) {
    throw refuse(400, `API Version String ${wanted} is of invalid format. Must be of format MajorNum.MinorNum.`);
  }
  const [minor, isKnown] = [Number(match[2]), Number(match[1]) === major];
  if (isKnown && minor >= lowest && minor <= highest) return minor;
  const span = `Minimum is ${String(major)}.${String(lowest)} and maximum is ${String(major)}.${String(highest)}.`;
  throw refuse(406, `Version ${wanted} is not supported by the API. ${span}`);
}

function wantedVersion(headers: IncomingHttpHeaders, { service }: VersionRange): string | null {
  const general = headers['openstack-api-version'];
  const text = Array.isArray(general) ? general.join(',') : (general ?? '');
  for (const part of text.split(',')) {
    const [name, version] = part.trim().split(/\s+/);
    if (name === service && version !== undefined) return version;
  }
  const old = headers['x-openstack-nova-api-version'];
  return service === 'compute' && typeof old === 'string' ? old : null;
}

export function withVersion(answer: Answer, minor: number, { service, major }: VersionRange): Answer {
  const version = `${String(major)}.${String(minor)}`;
  const old = { 'X-OpenStack-Nova-API-Version': version, Vary: 'X-OpenStack-Nova-API-Version' };
  const headers = service === 'compute' ? old : { Vary: 'OpenStack-API-Version' };
  return { ...answer, headers: { 'OpenStack-API-Version': `${service} ${version}`, ...headers, ...answer.headers } };
}
