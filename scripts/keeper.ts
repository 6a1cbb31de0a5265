import { spawn, type ChildProcess } from 'node:child_process';

/**
 * A shell that reads from us and outlives us. Each line that it gets names all the processes to end; when the pipe closes, because we ended
 * in whatever way, SIGKILL included, it kills those of the last line and removes the folders.
 */
const script = `
while read -r line; do processes=$line; done
[ -z "$processes" ] || { kill -KILL $processes 2>/dev/null; sleep 0.1; }
[ $# = 0 ] || rm -rf -- "$@"
`;

/** Ends processes and removes folders when this process ends without having done so. */
export class Keeper {
  private readonly shell: ChildProcess;
  private readonly processes = new Set<number>();

  constructor(folders: readonly string[] = []) {
    this.shell = spawn('sh', ['-c', script, 'keeper', ...folders], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    this.shell.unref();
    // Its end is not ours: a keeper that somebody killed must not stop us.
    this.shell.on('error', () => undefined);
    this.shell.stdin?.on('error', () => undefined);
  }

  watch(pid: number): void {
    this.processes.add(pid);
    this.tell();
  }

  forget(pid: number): void {
    this.processes.delete(pid);
    this.tell();
  }

  /** Ends what is still watched and removes the folders now. */
  close(): void {
    this.shell.stdin?.end();
  }

  private tell(): void {
    this.shell.stdin?.write(`${[...this.processes].join(' ')}\n`);
  }
}
