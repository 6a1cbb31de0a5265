import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** On which side of MySQL's work on a COMMIT the connection breaks. */
export type CutSide = 'before it is applied' | 'after it is applied';

interface Cut {
  readonly side: CutSide;
  /** Only of a transaction with a statement like this. */
  readonly of: RegExp;
  /** How many COMMITs of that kind pass before the one that is cut. */
  readonly skip: number;
}

/** COM_QUERY, see https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query.html */
const comQuery = 3;
const headerBytes = 4;

/** A way to MySQL that breaks where a test wants it to: at the COMMIT of one transaction, with or without MySQL's having heard it. */
export class MysqlProxy {
  private readonly sockets = new Set<Socket>();
  private planned: Cut[] = [];
  private isDown = false;
  /** How many COMMITs were cut. */
  cuts = 0;

  private constructor(
    private readonly server: Server,
    private readonly target: { readonly host: string; readonly port: number },
  ) {
    server.on('connection', (client) => {
      this.join(client);
    });
  }

  static async to(target: { readonly host: string; readonly port: number }): Promise<MysqlProxy> {
    const server = createServer({ noDelay: true });
    const proxy = new MysqlProxy(server, target);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get settings(): Readonly<Record<string, string>> {
    return { DB_HOST: '127.0.0.1', DB_PORT: String((this.server.address() as AddressInfo).port) };
  }

  /** Plans one cut; several are carried out one after the other. */
  cutCommit(side: CutSide, of: RegExp, skip = 0): void {
    this.planned.push({ side, of, skip });
  }

  /** No connection gets through, and those that are open break, as soon as the next COMMIT is cut. */
  goDownWithNextCut(): void {
    this.isDown = true;
  }

  comeBack(): void {
    this.isDown = false;
  }

  async close(): Promise<void> {
    this.breakAll();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private join(client: Socket): void {
    if (this.isDown && this.planned.length === 0) {
      client.destroy();
      return;
    }
    const mysql = connect({ ...this.target, noDelay: true });
    const sides = [client, mysql];
    for (const socket of sides) {
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.sockets.delete(socket);
        for (const side of sides) side.destroy();
      });
    }
    let statements: string[] = [];
    let isDeaf = false;
    client.on('data', (bytes) => {
      const statement = statementOf(bytes);
      if (statement !== null) {
        if (statement === 'START TRANSACTION') statements = [];
        statements.push(statement);
      }
      const cut = statement === 'COMMIT' ? this.takeCut(statements) : null;
      if (cut === null) {
        mysql.write(bytes);
        return;
      }
      isDeaf = true;
      if (cut.side === 'after it is applied') {
        mysql.once('data', () => {
          this.carryOut(client);
        });
        mysql.write(bytes);
      } else {
        this.carryOut(client);
      }
    });
    mysql.on('data', (bytes) => {
      if (!isDeaf) client.write(bytes);
    });
  }

  private takeCut(statements: readonly string[]): Cut | null {
    const [next, ...rest] = this.planned;
    if (next === undefined || !statements.some((statement) => next.of.test(statement))) return null;
    if (next.skip > 0) {
      this.planned = [{ ...next, skip: next.skip - 1 }, ...rest];
      return null;
    }
    this.planned = rest;
    return next;
  }

  private carryOut(client: Socket): void {
    this.cuts += 1;
    if (this.isDown) this.breakAll();
    else client.resetAndDestroy();
  }

  private breakAll(): void {
    for (const socket of this.sockets) socket.resetAndDestroy();
  }
}

/** The statement of a packet; null for anything else. mysql2 sends one command after the other, each in a packet of its own. */
function statementOf(bytes: Buffer): string | null {
  if (bytes[headerBytes] !== comQuery) return null;
  // With query attributes their number, none, and the number of their sets, always one, come before the text.
  const hasAttributes = bytes[headerBytes + 1] === 0 && bytes[headerBytes + 2] === 1;
  return bytes.toString('utf8', headerBytes + (hasAttributes ? 3 : 1));
}
