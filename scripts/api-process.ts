import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Keeper } from './keeper.js';

const startMs = 30_000;
const keptLines = 20_000;

export interface ApiProcessOptions {
  readonly port: number;
  /** Every setting; nothing of this process's own environment but PATH and HOME comes along. */
  readonly settings: Readonly<Record<string, string>>;
  /** Where its log goes, besides to `lines`. */
  readonly logFile?: string;
}

/** The API did not come up; the message says why, in one line. */
export class ApiDidNotStart extends Error {}

/** The built API as a process of its own. It ends with this process, however that ends. */
export class ApiProcess {
  readonly url: string;
  /** What it logged, oldest first; only the newest 20,000 lines are kept. */
  readonly lines: string[] = [];
  private readonly child: ChildProcess;
  private readonly keeper = new Keeper();
  private readonly log: WriteStream | null;

  private constructor(options: ApiProcessOptions) {
    this.url = `http://127.0.0.1:${String(options.port)}`;
    this.log = options.logFile === undefined ? null : createWriteStream(options.logFile, { flags: 'a', mode: 0o600 });
    const { PATH, HOME } = process.env;
    this.child = spawn(process.execPath, ['dist/src/main.js'], {
      env: { PATH, HOME, ...options.settings, HOST: '127.0.0.1', PORT: String(options.port) },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true, // Ctrl-C is for us to pass on
    });
    if (this.child.pid !== undefined) this.keeper.watch(this.child.pid);
    for (const stream of [this.child.stdout, this.child.stderr]) this.collect(stream);
    this.child.on('exit', () => {
      this.keeper.close();
    });
  }

  /** Starts it without waiting for anything. */
  static launch(options: ApiProcessOptions): ApiProcess {
    return new ApiProcess(options);
  }

  /**
   * Starts it and waits until it answers; whether it is ready for work is another question.
   *
   * @throws ApiDidNotStart
   */
  static async start(options: ApiProcessOptions): Promise<ApiProcess> {
    const api = new ApiProcess(options);
    await api.answers();
    return api;
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get hasEnded(): boolean {
    return this.child.pid === undefined || this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** How it ended: an exit code or the name of a signal. */
  get end(): string {
    return this.child.signalCode ?? String(this.child.exitCode);
  }

  async answers(): Promise<void> {
    const end = Date.now() + startMs;
    while (!this.hasEnded && Date.now() < end) {
      const answer = await fetch(`${this.url}/health/live`, { signal: AbortSignal.timeout(2_000) }).catch(() => null);
      await answer?.arrayBuffer();
      if (answer?.ok === true) return;
      await sleep(50);
    }
    const reason = this.hasEnded ? `it ended with ${this.end}` : `it did not answer for ${String(startMs / 1000)} s`;
    await this.kill();
    throw new ApiDidNotStart(`The API did not start, ${reason}: ${this.lines.slice(-3).join(' ')}`);
  }

  /** SIGTERM; returns when it has ended, by SIGKILL if need be after `graceMs`. */
  async terminate(graceMs = 40_000): Promise<void> {
    if (this.hasEnded) return;
    this.child.kill('SIGTERM');
    await Promise.race([this.exited(), sleep(graceMs, undefined, { ref: false })]);
    await this.kill();
  }

  /** SIGKILL; returns when it has ended. */
  async kill(): Promise<void> {
    if (this.hasEnded) return;
    this.child.kill('SIGKILL');
    await this.exited();
  }

  /** SIGSTOP: it does nothing at all, and its connections stay open. */
  freeze(): void {
    this.child.kill('SIGSTOP');
  }

  /** SIGCONT. */
  thaw(): void {
    this.child.kill('SIGCONT');
  }

  /** Returns when it has ended, for whatever reason. */
  async exited(): Promise<void> {
    if (!this.hasEnded) await once(this.child, 'exit');
  }

  private collect(stream: NodeJS.ReadableStream | null): void {
    let rest = '';
    stream?.setEncoding('utf8');
    stream?.on('data', (text: string) => {
      this.log?.write(text);
      const lines = `${rest}${text}`.split('\n');
      rest = lines.pop() ?? '';
      this.lines.push(...lines);
      if (this.lines.length > keptLines) this.lines.splice(0, this.lines.length - keptLines);
    });
  }
}
