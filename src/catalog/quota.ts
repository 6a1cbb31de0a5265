/** How much of something a project may have, and has. */
export interface Quota {
  /** -1: no limit. */
  readonly limit: number;
  readonly used: number;
}
