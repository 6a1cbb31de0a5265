import { sees, type Access } from './access.js';
import type { Json } from './json.js';
import { isRecord, shown } from './json.js';
import type { Revised } from './model.js';
import {
  badRequest,
  forbidden,
  invalidInput,
  notFound,
  overQuota,
  refusal,
  type NeutronKind,
} from './neutron-errors.js';
import type { QuotaName } from './settings.js';
import type { TokenCall } from './token-call.js';
import { hasWideCharacter, isUuid } from './wire.js';

export interface NeutronCall extends TokenCall {
  readonly access: Access;
}

/** The object of the body, its fields checked against those that exist. */
export function bodyOf(call: NeutronCall, key: string, allowed: readonly string[]): Json {
  const body = isRecord(call.body) ? call.body[key] : undefined;
  if (!isRecord(body)) throw badRequest(`Unable to find '${key}' in request body`);
  const unknown = Object.keys(body).filter((name) => !allowed.includes(name));
  if (unknown.length > 0) throw badRequest(`Unrecognized attribute(s) '${unknown.join(', ')}'`);
  return body;
}

export function required(body: Json, field: string): string {
  const value = body[field];
  if (value === undefined) throw badRequest(`Failed to parse request. Required attribute '${field}' not specified`);
  return uuid(field, value);
}

export function uuid(field: string, value: unknown): string {
  if (typeof value !== 'string' || !isUuid(value)) throw invalidInput(field, `'${shown(value)}' is not a valid UUID`);
  return value;
}

/** A name or description: at most 255 characters, none that MySQL's utf8mb3 cannot hold. */
export function shortText(body: Json, field: string): string | null {
  const value = body[field];
  if (value === undefined) return null;
  if (typeof value !== 'string') throw invalidInput(field, `'${shown(value)}' is not a valid string`);
  if ([...value].length > 255) throw invalidInput(field, `'${value}' exceeds maximum length of 255`);
  if (hasWideCharacter(value)) {
    const text = 'Request Failed: internal server error while processing your request.';
    throw refusal(500, 'HTTPInternalServerError', text);
  }
  return value;
}

/** Whose the new thing is; only an admin makes things for others. */
export function ownerOf(call: NeutronCall, body: Json): string {
  const { access } = call;
  const wanted = body['project_id'] ?? body['tenant_id'];
  if (typeof wanted !== 'string' || wanted === access.projectId) return access.projectId;
  if (access.isAdmin) return wanted;
  throw badRequest(
    "Specifying 'project_id' or 'tenant_id' other than the authenticated project in request requires admin or advsvc privileges",
  );
}

export function requireWriter({ access }: NeutronCall, action: string): void {
  if (!access.mayWrite) throw forbidden(action);
}

export function requireQuota({ cloud }: NeutronCall, projectId: string, name: QuotaName, more = 1): void {
  if (cloud.exceeds(projectId, name, more)) throw overQuota(name);
}

/** One's own thing, or 404. */
export function find<T extends Revised>(
  call: NeutronCall,
  kind: NeutronKind,
  things: ReadonlyMap<string, T>,
  id: string,
): T {
  const thing = things.get(id);
  if (thing === undefined || !sees(call.access, thing) || call.cloud.isTooFresh(thing)) throw notFound(kind, id);
  return thing;
}

/** `If-Match: revision_number=N`; a header of another form counts for nothing. */
export function requireRevision({ headers }: NeutronCall, thing: Revised): void {
  const wanted = /revision_number=(\d+)/.exec(headers['if-match'] ?? '')?.[1];
  if (wanted === undefined || Number(wanted) === thing.revision) return;
  const text = `Constrained to ${wanted}, but current revision is ${String(thing.revision)}`;
  throw refusal(412, 'RevisionNumberConstraintFailed', text);
}
