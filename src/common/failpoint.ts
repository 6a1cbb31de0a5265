let armed: { readonly name: string; remaining: number } | null = null;

/**
 * Arms one failpoint: `name` or `name:n` (the n-th time it is reached, 1 by default). Used by the crash tests through the
 * setting FAILPOINT.
 */
export function armFailpoint(spec: string): void {
  const match = /^(.*?)(?::(\d+))?$/.exec(spec);
  armed = { name: match?.[1] ?? spec, remaining: Number(match?.[2] ?? '1') };
}

/** Kills the process with SIGKILL when this point is armed and its turn has come; otherwise does nothing. */
export function failpoint(name: string): void {
  if (armed?.name !== name) return;
  armed.remaining -= 1;
  if (armed.remaining === 0) process.kill(process.pid, 'SIGKILL');
}
