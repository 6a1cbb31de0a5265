import type { SchedulerRegistry } from '@nestjs/schedule';

/** Where a loop's unexpected errors go; they never end the loop. */
export type LoopErrorHandler = (error: unknown) => void;

/**
 * Work that is done again and again in this process: never twice at a time, at once when nudged, and waited for at shutdown.
 * The timer is @nestjs/schedule's, whose own intervals overlap and are not awaited.
 */
export class Loop {
  private running: Promise<void> | null = null;
  private again = false;
  private stopped = false;

  constructor(
    private readonly name: string,
    private readonly everyMs: number,
    private readonly work: () => Promise<void>,
    private readonly onError: LoopErrorHandler,
  ) {}

  start(registry: SchedulerRegistry): void {
    registry.addInterval(
      this.name,
      setInterval(() => {
        this.nudge();
      }, this.everyMs),
    );
  }

  /** Runs now, or once more right after the run that is under way. */
  nudge(): void {
    if (this.stopped) return;
    if (this.running !== null) {
      this.again = true;
      return;
    }
    this.running = this.work()
      .catch(this.onError)
      .finally(() => {
        this.running = null;
        if (!this.again) return;
        this.again = false;
        this.nudge();
      });
  }

  /** Begins nothing any more, and resolves when the run that is under way has ended. */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.running;
  }
}
