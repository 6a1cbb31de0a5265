import { spawn } from 'node:child_process';

export interface CommandResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class CommandError extends Error {}

/**
 * Runs a program to its end and collects what it prints; an exit code other than 0 is an answer, not an error.
 *
 * @throws CommandError when the program cannot be started.
 */
export async function run(
  command: string,
  args: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv; readonly cwd?: string } = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    const output = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
    child.on('error', (error) => {
      reject(new CommandError(`${command} could not be started: ${error.message}`, { cause: error }));
    });
    child.on('close', (exitCode) => {
      resolve({ exitCode, ...output });
    });
  });
}

/**
 * As `run`, for programs whose output alone matters.
 *
 * @throws CommandError when the program cannot be started or fails, with the last lines of what it said.
 */
export async function outputOf(
  command: string,
  args: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv; readonly cwd?: string } = {},
): Promise<string> {
  const result = await run(command, args, options);
  if (result.exitCode === 0) return result.stdout;
  const said = result.stderr.trim().split('\n').slice(-3).join(' ');
  throw new CommandError(`${command} failed (${String(result.exitCode)}): ${said}`);
}
