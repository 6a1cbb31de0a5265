import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { Config } from '../config/config.js';
import type { ScopedReference } from '../config/openstack-settings.js';
import type { Scope } from './openstack-call.js';
import { classify, type RawAnswer } from './openstack-classification.js';
import { OpenStackConnection } from './openstack-connection.js';
import type { CatalogueService } from './openstack-endpoints.js';
import { OpenStackError, OpenStackUnavailable, OpenStackUnknownOutcome } from './openstack-errors.js';

/** A token of the service account with what Keystone told about it. */
export interface ServiceToken {
  readonly id: string;
  readonly userId: string;
  readonly userDomainId: string;
  readonly projectId: string;
  readonly projectName: string;
  /** The domain of the project. */
  readonly domainId: string;
  /** Names of the roles, implied ones included. */
  readonly roles: readonly string[];
  readonly catalogue: readonly CatalogueService[];
}

export interface ServiceAccount {
  readonly userId: string;
  readonly userDomainId: string;
  readonly projectId: string;
  readonly projectName: string;
  /** The domain of the service account's project: the one that is imported. */
  readonly domainId: string;
  readonly roles: readonly string[];
}

interface Cached {
  readonly token: ServiceToken;
  /** Monotonic milliseconds; by the life that Keystone gave, not by its clock. */
  readonly refreshAt: number;
  readonly endsAt: number;
}

const operation = 'POST /v3/auth/tokens';
/** After a refresh that failed the old token serves on, and Keystone is left alone for this long. */
const refreshPauseMs = 10_000;

const wireToken = z.object({
  token: z.object({
    issued_at: z.iso.datetime({ offset: true }),
    expires_at: z.iso.datetime({ offset: true }),
    user: z.object({ id: z.string().min(1), domain: z.object({ id: z.string() }) }),
    project: z.object({ id: z.string().min(1), name: z.string(), domain: z.object({ id: z.string() }) }),
    roles: z.array(z.object({ name: z.string() })).default([]),
    catalog: z
      .array(
        z.object({
          type: z.string(),
          endpoints: z.array(
            z
              .object({
                interface: z.string(),
                region_id: z.string().nullish(),
                region: z.string().nullish(),
                url: z.string(),
              })
              .transform(({ url, ...rest }) => ({
                interface: rest.interface,
                region: rest.region_id ?? rest.region ?? null,
                url,
              })),
          ),
        }),
      )
      .default([]),
  }),
});

/**
 * Tokens of the service account: one of its own scope with the admin rights, one for each project it works in. Cached, renewed at
 * 80 % of their life, fetched once however many callers wait.
 *
 * Every failure to get one is OpenStackUnavailable: that Keystone gives the service account none says nothing about the thing that was
 * asked for.
 */
@Injectable()
export class OpenStackTokens {
  private readonly cache = new Map<string, Cached>();
  private readonly fetching = new Map<string, Promise<ServiceToken>>();

  constructor(
    private readonly config: Config,
    private readonly connection: OpenStackConnection,
  ) {}

  /** The token of the service account's own project, in which it has the admin rights. */
  admin(): Promise<ServiceToken> {
    return this.get('admin', this.config.openstack.project);
  }

  /** A token for a project, by its OpenStack id. */
  project(projectId: string): Promise<ServiceToken> {
    return this.get(`project:${projectId}`, { id: projectId });
  }

  of(scope: Scope): Promise<ServiceToken> {
    return scope.kind === 'admin' ? this.admin() : this.project(scope.projectId);
  }

  /** Forgets a token that a service refused; the next caller gets a new one. */
  drop(tokenId: string): void {
    for (const [key, cached] of this.cache) {
      if (cached.token.id === tokenId) this.cache.delete(key);
    }
  }

  async identity(): Promise<ServiceAccount> {
    const { userId, userDomainId, projectId, projectName, domainId, roles } = await this.admin();
    return { userId, userDomainId, projectId, projectName, domainId, roles };
  }

  private async get(key: string, project: ScopedReference): Promise<ServiceToken> {
    const now = performance.now();
    const cached = this.cache.get(key);
    if (cached !== undefined && now < cached.refreshAt) return cached.token;
    try {
      return await this.fetchOnce(key, project);
    } catch (error) {
      if (cached === undefined || performance.now() >= cached.endsAt || this.cache.get(key) !== cached) throw error;
      this.cache.set(key, { ...cached, refreshAt: Math.min(cached.endsAt, performance.now() + refreshPauseMs) });
      return cached.token;
    }
  }

  private fetchOnce(key: string, project: ScopedReference): Promise<ServiceToken> {
    const underWay = this.fetching.get(key);
    if (underWay !== undefined) return underWay;
    const fetching = this.fetch(key, project).finally(() => this.fetching.delete(key));
    this.fetching.set(key, fetching);
    return fetching;
  }

  /** @throws OpenStackUnavailable whatever went wrong: what the caller wanted was not even sent. */
  private async fetch(key: string, project: ScopedReference): Promise<ServiceToken> {
    const startedAt = performance.now();
    try {
      const { token, lifeMs } = await this.ask(project);
      this.forgetEnded();
      this.cache.set(key, { token, refreshAt: startedAt + lifeMs * 0.8, endsAt: startedAt + lifeMs });
      return token;
    } catch (error) {
      throw error instanceof OpenStackError ? noToken(error) : error;
    }
  }

  private async ask(project: ScopedReference): Promise<{ readonly token: ServiceToken; readonly lifeMs: number }> {
    const answer = await this.connection.exchange({
      service: 'identity',
      method: 'POST',
      url: `${this.config.openstack.authUrl}/auth/tokens`,
      operation,
      headers: {},
      body: JSON.stringify(this.login(project)),
      hasFailpoints: false,
    });
    if (answer.status !== 201) throw classify('identity', operation, answer, new Date());
    return readToken(answer, answer.header('x-subject-token'));
  }

  private login(project: ScopedReference): unknown {
    const { user, password } = this.config.openstack;
    return {
      auth: {
        identity: { methods: ['password'], password: { user: { ...user, password } } },
        scope: { project },
      },
    };
  }

  private forgetEnded(): void {
    const now = performance.now();
    for (const [key, cached] of this.cache) {
      if (cached.endsAt <= now) this.cache.delete(key);
    }
  }
}

/** Also of 400, 404 and the like: a wrong address or a wrong project says nothing about what the caller wanted. */
function noToken(error: OpenStackError): OpenStackUnavailable {
  if (error instanceof OpenStackUnavailable) return error;
  return new OpenStackUnavailable({
    service: 'identity',
    operation,
    status: error.status ?? undefined,
    requestId: error.requestId ?? undefined,
    text: `Keystone gives the service account no token: ${error.text}`,
    retryAfterMs: error.retryAfterMs ?? undefined,
    cause: error,
  });
}

function readToken(answer: RawAnswer, id: string | null): { readonly token: ServiceToken; readonly lifeMs: number } {
  const parsed = wireToken.safeParse(parseJson(answer.body));
  if (!parsed.success || id === null || id === '') {
    const { status, requestId } = answer;
    throw new OpenStackUnknownOutcome({
      service: 'identity',
      operation,
      status,
      requestId,
      text: 'the token cannot be read',
    });
  }
  const { user, project, roles, catalog, issued_at: issuedAt, expires_at: expiresAt } = parsed.data.token;
  return {
    lifeMs: Math.max(0, Date.parse(expiresAt) - Date.parse(issuedAt)),
    token: {
      id,
      userId: user.id,
      userDomainId: user.domain.id,
      projectId: project.id,
      projectName: project.name,
      domainId: project.domain.id,
      roles: roles.map((role) => role.name),
      catalogue: catalog,
    },
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
