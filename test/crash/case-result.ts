/** One thing that was shown, or what is wrong with it. */
export interface CaseResult {
  readonly name: string;
  readonly problems: readonly string[];
}
