/** Something that a person can put right: the message is shown alone, without a stack. */
export class Failure extends Error {}

/** Runs a script; what a person can put right ends it with one line, everything else with its stack. */
export async function main(
  work: () => Promise<number>,
  expected: readonly (new (...args: never[]) => Error)[] = [],
): Promise<void> {
  try {
    process.exitCode = await work();
  } catch (error) {
    process.exitCode = 1;
    const isExpected = [Failure, ...expected].some((kind) => error instanceof kind);
    console.error(isExpected && error instanceof Error ? error.message : error);
  }
}
