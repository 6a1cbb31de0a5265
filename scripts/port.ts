import { once } from 'node:events';
import { createServer } from 'node:net';

/** A port of 127.0.0.1 that nobody has right now; somebody else may be faster than the caller. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port of 127.0.0.1 is to be had');
  return address.port;
}

/** Whether a server on 127.0.0.1, or on every address, could take this port now. */
export async function isFree(port: number): Promise<boolean> {
  for (const host of ['127.0.0.1', '0.0.0.0']) {
    const server = createServer();
    const outcome = new Promise<boolean>((resolve) => {
      server.once('error', () => {
        resolve(false);
      });
      server.once('listening', () => {
        resolve(true);
      });
    });
    server.listen(port, host);
    if (!(await outcome)) return false;
    server.close();
    await once(server, 'close');
  }
  return true;
}
