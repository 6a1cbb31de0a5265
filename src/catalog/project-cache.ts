import { setTimeout as sleep } from 'node:timers/promises';

interface Cached<Value> {
  readonly value: Value;
  readonly readAt: Date;
  /** Monotonic. */
  readonly readAtMs: number;
}

/** What was read of OpenStack for a project, and when. */
export type Known<Value> = Pick<Cached<Value>, 'value' | 'readAt'>;

/** A request does not wait longer than this for what it asks about. */
const patienceMs = 2_000;

/** Something of OpenStack for each project, kept for a while; an old one serves on while OpenStack is away. */
export class ProjectCache<Value> {
  private readonly cache = new Map<string, Cached<Value>>();
  private readonly fetching = new Map<string, Promise<Cached<Value>>>();

  constructor(
    private readonly freshMs: number,
    private readonly fetch: (projectOpenstackId: string) => Promise<Value>,
    /** Told of every failed read; throws on what is no failure of OpenStack. */
    private readonly failed: (error: unknown) => void,
  ) {}

  /** Null when it is not known and OpenStack does not give it within 2 seconds. */
  async known(projectOpenstackId: string): Promise<Known<Value> | null> {
    const cached = this.cache.get(projectOpenstackId);
    if (cached !== undefined && performance.now() - cached.readAtMs < this.freshMs) return cached;
    try {
      const patience = new AbortController();
      const late = sleep(patienceMs, null, { signal: patience.signal, ref: false }).catch(() => null);
      const read = await Promise.race([this.read(projectOpenstackId), late]);
      patience.abort();
      return read ?? cached ?? null;
    } catch (error) {
      this.failed(error);
      return cached ?? null;
    }
  }

  /** Reads it from OpenStack now, once for all who ask at the same time. @throws what the read throws */
  async require(projectOpenstackId: string): Promise<Value> {
    return (await this.read(projectOpenstackId)).value;
  }

  private read(projectOpenstackId: string): Promise<Cached<Value>> {
    const running = this.fetching.get(projectOpenstackId);
    if (running !== undefined) return running;
    const reading = this.readNow(projectOpenstackId).finally(() => this.fetching.delete(projectOpenstackId));
    this.fetching.set(projectOpenstackId, reading);
    return reading;
  }

  private async readNow(projectOpenstackId: string): Promise<Cached<Value>> {
    const readAt = new Date();
    const value = await this.fetch(projectOpenstackId);
    const cached = { value, readAt, readAtMs: performance.now() };
    this.cache.set(projectOpenstackId, cached);
    return cached;
  }
}
