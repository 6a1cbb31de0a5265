interface Due {
  at: number;
  /** Keeps work that is due at the same time in the order in which it was planned. */
  readonly turn: number;
  readonly work: () => void;
}

/** The longest delay that setTimeout takes. */
const longestMs = 2 ** 31 - 1;

/**
 * The time of the simulated cloud. It runs with the machine's until it is frozen; then it moves by `advance` alone. What the cloud
 * does by itself (a build that ends, a token that expires) follows it; delays that a fault puts on the wire do not.
 */
export class Clock {
  private readonly heap: Due[] = [];
  private offsetMs = 0;
  private frozenAt: number | null = null;
  private turns = 0;
  private timer: NodeJS.Timeout | null = null;

  /** Milliseconds since 1970. */
  now(): number {
    return this.frozenAt ?? Date.now() + this.offsetMs;
  }

  get isFrozen(): boolean {
    return this.frozenAt !== null;
  }

  /** How many things are still to happen. */
  get planned(): number {
    return this.heap.length;
  }

  freeze(): void {
    this.frozenAt ??= this.now();
    this.arm();
  }

  /** Goes on from where it stands. */
  resume(): void {
    if (this.frozenAt === null) return;
    this.offsetMs = this.frozenAt - Date.now();
    this.frozenAt = null;
    this.arm();
  }

  /** Moves on, and does what falls due on the way, each at its own time. */
  advance(ms: number): void {
    const wasFrozen = this.isFrozen;
    const target = this.now() + ms;
    for (let next = this.heap[0]; next !== undefined && next.at <= target; next = this.heap[0]) {
      this.frozenAt = Math.max(next.at, this.now());
      this.take()?.work();
    }
    this.frozenAt = target;
    if (!wasFrozen) this.resume();
  }

  /** Sets the clock as a person would who gets it wrong: nothing falls due, and what is planned is as far away as before. */
  shift(ms: number): void {
    for (const due of this.heap) due.at += ms;
    if (this.frozenAt === null) this.offsetMs += ms;
    else this.frozenAt += ms;
    this.arm();
  }

  /** Plans work; with no delay it still happens later, never within this call. */
  after(delayMs: number, work: () => void): void {
    this.put({ at: this.now() + Math.max(0, delayMs), turn: (this.turns += 1), work });
    this.arm();
  }

  /** Forgets what was planned and runs with the machine's time again. */
  reset(): void {
    this.heap.length = 0;
    this.offsetMs = 0;
    this.frozenAt = null;
    this.arm();
  }

  stop(): void {
    this.heap.length = 0;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  private arm(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    const next = this.heap[0];
    if (next === undefined || this.isFrozen) return;
    const delay = Math.min(longestMs, Math.max(0, next.at - this.now()));
    this.timer = setTimeout(() => {
      this.runDue();
    }, delay);
  }

  private runDue(): void {
    const now = this.now();
    for (let next = this.heap[0]; next !== undefined && next.at <= now && !this.isFrozen; next = this.heap[0]) {
      this.take()?.work();
    }
    this.arm();
  }

  private put(due: Due): void {
    let place = this.heap.push(due) - 1;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!this.swapUnlessOrdered(parent, place)) return;
      place = parent;
    }
  }

  private take(): Due | undefined {
    const first = this.heap[0];
    const last = this.heap.pop();
    if (last === undefined || this.heap.length === 0) return first;
    this.heap[0] = last;
    for (let place = 0; ;) {
      const [left, right] = [2 * place + 1, 2 * place + 2];
      const child = this.isBefore(right, left) ? right : left;
      if (!this.swapUnlessOrdered(place, child)) return first;
      place = child;
    }
  }

  private swapUnlessOrdered(parent: number, child: number): boolean {
    const [above, below] = [this.heap[parent], this.heap[child]];
    if (above === undefined || below === undefined || !this.isBefore(child, parent)) return false;
    this.heap[parent] = below;
    this.heap[child] = above;
    return true;
  }

  private isBefore(one: number, other: number): boolean {
    const [a, b] = [this.heap[one], this.heap[other]];
    if (a === undefined) return false;
    return b === undefined || a.at < b.at || (a.at === b.at && a.turn < b.turn);
  }
}
