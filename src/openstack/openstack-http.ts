import { Injectable } from '@nestjs/common';
import { z, type ZodType } from 'zod';
import { Config } from '../config/config.js';
import type { OpenStackCall, OpenStackService } from './openstack-call.js';
import { classify, type RawAnswer } from './openstack-classification.js';
import { OpenStackConnection, type Method, type RawResponse } from './openstack-connection.js';
import { endpointOf } from './openstack-endpoints.js';
import { OpenStackUnauthorized, OpenStackUnavailable, OpenStackUnknownOutcome } from './openstack-errors.js';
import { cinderMicroversion, novaMicroversion } from './openstack-microversions.js';
import { OpenStackTokens, type ServiceToken } from './openstack-tokens.js';

export type Query = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** One request of a typed client. */
export interface OpenStackRequest {
  readonly service: OpenStackService;
  readonly method: Method;
  /** Below the service's endpoint, ids encoded: see `path` in openstack-path.ts. */
  readonly path: string;
  /** Method and path template such as `DELETE /servers/{id}`: for errors and metrics, so without ids. */
  readonly operation: string;
  readonly query?: Query;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Nova's and Cinder's; left out for the others. */
  readonly microversion?: string;
  /** Statuses that mean success; any other 2xx or 3xx has an unknown outcome. */
  readonly ok: readonly number[];
  /** An answer with a longer body has an unknown outcome; bytes, 5 MiB unless told. */
  readonly largestBytes?: number;
}

/** With a schema for what the answer says; null where it says nothing worth reading. */
export type WithSchema<T> = OpenStackRequest & { readonly schema: ZodType<T> };
export type WithoutSchema = OpenStackRequest & { readonly schema: null };

export interface OpenStackAnswer<T> {
  readonly data: T;
  readonly status: number;
  /** The service's id of the request, for its operators. */
  readonly requestId: string;
  /** The service's clock at the answer; null when it did not tell. */
  readonly date: Date | null;
  readonly header: (name: string) => string | null;
}

interface Destination {
  readonly token: string | null;
  readonly endpoint: string;
}

/**
 * The one way to OpenStack. Order of a call: token, turn at the service's gate, `call.beforeSend`, request, classification,
 * schema. Throws subclasses of OpenStackError, and what `beforeSend` throws. Must not be called in a database transaction.
 */
@Injectable()
export class OpenStackHttp {
  constructor(
    private readonly config: Config,
    private readonly connection: OpenStackConnection,
    private readonly tokens: OpenStackTokens,
  ) {}

  /**
   * Sends with a token of the service account. A 401 fetches a new token and sends once more, `beforeSend` included: the service
   * has not looked at the request then. Nothing else is repeated.
   */
  send<T>(request: WithSchema<T> & { readonly call: OpenStackCall }): Promise<OpenStackAnswer<T>>;
  send(request: WithoutSchema & { readonly call: OpenStackCall }): Promise<OpenStackAnswer<null>>;
  async send(
    request: (WithSchema<unknown> | WithoutSchema) & { readonly call: OpenStackCall },
  ): Promise<OpenStackAnswer<unknown>> {
    const token = await this.tokens.of(request.call.scope);
    try {
      return heard(request, await this.exchange(request, this.destination(request, token), request.call));
    } catch (error) {
      if (!(error instanceof OpenStackUnauthorized)) throw error;
      this.tokens.drop(token.id);
      const fresh = await this.tokens.of(request.call.scope);
      return heard(request, await this.exchange(request, this.destination(request, fresh), request.call));
    }
  }

  /** Sends to Keystone's configured address with a person's token, or with none: for logging in. Never repeated. */
  sendAs<T>(token: string | null, request: WithSchema<T>): Promise<OpenStackAnswer<T>>;
  sendAs(token: string | null, request: WithoutSchema): Promise<OpenStackAnswer<null>>;
  async sendAs(token: string | null, request: WithSchema<unknown> | WithoutSchema): Promise<OpenStackAnswer<unknown>> {
    return answered(request, await this.exchange(request, { token, endpoint: this.config.openstack.authUrl }, null));
  }

  /**
   * Asks the services whether they can do what the clients rely on, and whether the service account may.
   *
   * @returns what is missing, one line each; empty when all is well.
   */
  async checkVersions(): Promise<readonly string[]> {
    const token = await this.tokens.admin();
    const nova = await this.versionOf('compute', token);
    const cinder = await this.versionOf('volume', token);
    return [
      ...missingRole(token),
      ...missingMicroversion('Nova', novaMicroversion, nova),
      ...missingMicroversion('Cinder', cinderMicroversion, cinder),
      ...(await this.missingExtensions()),
    ];
  }

  private async versionOf(service: 'compute' | 'volume', token: ServiceToken): Promise<VersionRange> {
    const operation = 'GET / (versions)';
    const { endpoint } = this.destination({ service, operation }, token);
    // Below the version, endpoints may have a project's id, where no version document is.
    const root = endpoint.replace(/(\/v\d+(\.\d+)?)\/.*$/, '$1');
    const request = { service, method: 'GET', path: '/', operation, ok: [200, 300] } as const;
    return read(request, versionDocument, await this.exchange(request, { token: token.id, endpoint: root }, null));
  }

  private async missingExtensions(): Promise<readonly string[]> {
    const answer = await this.send({
      service: 'network',
      method: 'GET',
      path: '/extensions',
      operation: 'GET /v2.0/extensions',
      ok: [200],
      schema: extensionList,
      call: { scope: { kind: 'admin' } },
    });
    return neededExtensions
      .filter((alias) => !answer.data.includes(alias))
      .map((alias) => `Neutron lacks the extension ${alias}`);
  }

  private destination(request: Pick<OpenStackRequest, 'service' | 'operation'>, token: ServiceToken): Destination {
    const { service, operation } = request;
    const endpoint = endpointOf(service, token.catalogue, token.projectId, this.config.openstack);
    if (endpoint === null) {
      const { region, interface: wanted } = this.config.openstack;
      const text = `the catalogue has no ${wanted} endpoint of the service in region ${region ?? '(any)'}`;
      throw new OpenStackUnavailable({ service, operation, text });
    }
    return { token: token.id, endpoint };
  }

  private async exchange(
    request: OpenStackRequest,
    { token, endpoint }: Destination,
    call: OpenStackCall | null,
  ): Promise<RawResponse> {
    const { service, method, operation } = request;
    const answer = await this.connection.exchange({
      service,
      method,
      operation,
      url: `${endpoint}${request.path}${queryString(request.query ?? {})}`,
      headers: {
        ...request.headers,
        ...(token === null ? {} : { 'X-Auth-Token': token }),
        ...versionHeaders(service, request.microversion),
      },
      body: request.body === undefined ? null : JSON.stringify(request.body),
      beforeSend: call?.beforeSend,
      signal: call?.signal,
      largestBytes: request.largestBytes,
      hasFailpoints: call !== null && method !== 'GET' && method !== 'HEAD',
    });
    if (!request.ok.includes(answer.status)) throw refusal(request, answer);
    return answer;
  }
}

function heard(
  request: (WithSchema<unknown> | WithoutSchema) & { readonly call: OpenStackCall },
  answer: RawResponse,
): OpenStackAnswer<unknown> {
  const result = answered(request, answer);
  const url = `${request.path}${queryString(request.query ?? {})}`;
  request.call.onAnswer?.({ requestId: result.requestId, url, date: result.date });
  return result;
}

function answered(request: WithSchema<unknown> | WithoutSchema, answer: RawResponse): OpenStackAnswer<unknown> {
  const { status, requestId, date, header } = answer;
  return {
    data: request.schema === null ? null : read(request, request.schema, answer),
    status,
    requestId,
    date,
    header,
  };
}

function refusal({ service, operation }: OpenStackRequest, answer: RawResponse): Error {
  if (answer.status >= 400) return classify(service, operation, answer, new Date());
  const { status, requestId } = answer;
  return new OpenStackUnknownOutcome({
    service,
    operation,
    status,
    requestId,
    text: 'an answer that was not expected',
  });
}

/** A success that cannot be read is no refusal: the thing may well have been made. */
function read<T>({ service, operation }: OpenStackRequest, schema: ZodType<T>, answer: RawAnswer): T {
  const { status, requestId } = answer;
  const unreadable = (text: string): OpenStackUnknownOutcome =>
    new OpenStackUnknownOutcome({ service, operation, status, requestId, text: `the answer cannot be read: ${text}` });
  let json: unknown;
  try {
    json = JSON.parse(answer.body);
  } catch {
    throw unreadable(answer.body === '' ? 'it is empty' : 'it is not JSON');
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw unreadable(`${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trim().slice(0, 200));
}

function queryString(query: Query): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) parameters.append(name, String(one));
  }
  const text = parameters.toString();
  return text === '' ? '' : `?${text}`;
}

function versionHeaders(service: OpenStackService, microversion: string | undefined): Readonly<Record<string, string>> {
  return microversion === undefined ? {} : { 'OpenStack-API-Version': `${service} ${microversion}` };
}

/** Neutron is used through these: revisions guard associations, descriptions carry the markers. */
const neededExtensions = [
  'revision-if-match',
  'standard-attr-description',
  'standard-attr-revisions',
  'standard-attr-timestamp',
  'security-group',
  'router',
  'external-net',
];

const extensionList = z
  .object({ extensions: z.array(z.object({ alias: z.string() })) })
  .transform(({ extensions }) => extensions.map((extension) => extension.alias));

interface VersionRange {
  readonly min: string;
  readonly max: string;
}

const wireVersion = z
  .object({ version: z.string(), min_version: z.string() })
  .transform(({ version, min_version: min }) => ({ min, max: version }));

/** Nova answers `version`, Cinder `versions` of one. */
const versionDocument: ZodType<VersionRange> = z.union([
  z.object({ version: wireVersion }).transform(({ version }) => version),
  z.object({ versions: z.tuple([wireVersion]) }).transform(({ versions }) => versions[0]),
]);

function missingRole({ roles, projectName }: ServiceToken): readonly string[] {
  const has = roles.join(', ') || 'none';
  return roles.includes('admin')
    ? []
    : [`The service account lacks role admin on project ${projectName}; it has ${has}`];
}

function missingMicroversion(name: string, wanted: string, range: VersionRange): readonly string[] {
  return isAtLeast(range.max, wanted) && isAtLeast(wanted, range.min)
    ? []
    : [`${name} lacks microversion ${wanted}; it has ${range.min} to ${range.max}`];
}

/** Compares `major.minor`; each part is a number: 2.100 is above 2.79. */
function isAtLeast(version: string, least: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [leastMajor = 0, leastMinor = 0] = least.split('.').map(Number);
  return major > leastMajor || (major === leastMajor && minor >= leastMinor);
}
