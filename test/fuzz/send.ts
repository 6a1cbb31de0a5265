import { request as httpRequest } from 'node:http';

/** What came back: an answer, or why there is none. */
export type Outcome =
  | {
      readonly status: number;
      readonly headers: Readonly<Record<string, string | string[] | undefined>>;
      readonly text: string;
      readonly ms: number;
    }
  | { readonly status: null; readonly why: string; readonly ms: number };

export interface Sent {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer | null;
}

const limitMs = 60_000;

/** Sends what `fetch` would refuse to, each request on a connection of its own. */
export async function send(url: string, { method, target, headers, body }: Sent): Promise<Outcome> {
  const { hostname, port } = new URL(url);
  const startedAt = performance.now();
  const passed = (): number => performance.now() - startedAt;
  return new Promise((resolve) => {
    const none = (why: string): void => {
      resolve({ status: null, why, ms: passed() });
    };
    const length = body === null ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const outgoing = httpRequest(
      { hostname, port, method, path: target, headers: { ...headers, ...length }, agent: false, timeout: limitMs },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', (error) => {
          none(`cut off within the answer: ${error.message}`);
        });
        incoming.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text, ms: passed() });
        });
      },
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer in time')));
    outgoing.on('error', (error) => {
      none(error.message);
    });
    outgoing.end(body ?? undefined);
  });
}
