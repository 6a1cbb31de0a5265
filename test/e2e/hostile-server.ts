import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** A request as it came. */
export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** The number of the connection that it came on. */
  readonly connection: number;
}

export type Answer = (request: Received, response: ServerResponse, socket: Socket) => void;

/**
 * A Keystone and one service at one address. Keystone behaves unless told otherwise; the service does what `answer` says,
 * however ill.
 */
export class HostileServer {
  /** All but Keystone's tokens. */
  readonly received: Received[] = [];
  readonly tokenRequests: Received[] = [];
  answer: Answer = json(200, { thing: { id: 'a' } });
  answerToken: Answer = (_, response) => {
    this.issueToken(response);
  };
  /** How many requests were under way at once, at most. */
  mostAtOnce = 0;

  private atOnce = 0;
  private connections = 0;
  private tokens = 0;
  private readonly sockets = new Map<Socket, number>();

  private constructor(private readonly server: Server) {
    server.on('connection', (socket) => {
      this.connections += 1;
      this.sockets.set(socket, this.connections);
      socket.on('error', () => undefined);
      socket.on('close', () => this.sockets.delete(socket));
    });
    server.on('request', (request, response) => {
      this.take(request, response);
    });
  }

  static async start(port = 0): Promise<HostileServer> {
    const server = createServer();
    const hostile = new HostileServer(server);
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    return hostile;
  }

  get port(): number {
    const address = this.server.address() as AddressInfo;
    return address.port;
  }

  get url(): string {
    return `http://127.0.0.1:${String(this.port)}`;
  }

  issueToken(response: ServerResponse, lifeMs = 3_600_000, issuedAt = new Date()): void {
    this.tokens += 1;
    const endpoint = (type: string) => ({
      type,
      endpoints: [{ interface: 'public', region: 'RegionOne', region_id: 'RegionOne', url: `${this.url}/${type}` }],
    });
    response.writeHead(201, { 'X-Subject-Token': `canary-token-${String(this.tokens)}` });
    response.end(
      JSON.stringify({
        token: {
          issued_at: issuedAt.toISOString(),
          expires_at: new Date(issuedAt.getTime() + lifeMs).toISOString(),
          user: { id: 'service-user', domain: { id: 'default' } },
          project: { id: 'p1', name: 'admin', domain: { id: 'default' } },
          roles: [{ name: 'admin' }],
          catalog: ['compute', 'network', 'volume', 'image'].map(endpoint),
        },
      }),
    );
  }

  async close(): Promise<void> {
    for (const socket of this.sockets.keys()) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private take(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = [];
    this.atOnce += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.atOnce);
    response.on('close', () => (this.atOnce -= 1));
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers, socket } = request;
      const connection = this.sockets.get(socket) ?? 0;
      const received = { method, url, headers, body: Buffer.concat(chunks).toString(), connection };
      const isToken = url === '/v3/auth/tokens';
      (isToken ? this.tokenRequests : this.received).push(received);
      (isToken ? this.answerToken : this.answer)(received, response, socket);
    });
  }
}

export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return text(status, JSON.stringify(body), { 'Content-Type': 'application/json', ...headers });
}

export function text(status: number, body: string | Buffer, headers: Readonly<Record<string, string>> = {}): Answer {
  return (_, response) => {
    response.writeHead(status, headers);
    response.end(body);
  };
}

/** One answer after the other, the last for ever. */
export function inTurn(...answers: readonly Answer[]): Answer {
  let turn = 0;
  return (request, response, socket) => {
    answers[Math.min(turn, answers.length - 1)]?.(request, response, socket);
    turn += 1;
  };
}
