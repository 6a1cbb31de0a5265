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

/** An error of MySQL's own that a test wants to be answered by, see https://dev.mysql.com/doc/mysql-errors/en/server-error-reference.html */
export interface MysqlError {
  readonly number: number;
  readonly state: string;
  readonly message: string;
  /** Whether MySQL rolls the transaction back, or takes back no more than the statement. */
  readonly rollsBack: boolean;
}

export const deadlock: MysqlError = {
  number: 1213,
  state: '40001',
  message: 'Deadlock found when trying to get lock; try restarting transaction',
  rollsBack: true,
};

export const lockWait: MysqlError = {
  number: 1205,
  state: 'HY000',
  message: 'Lock wait timeout exceeded; try restarting transaction',
  rollsBack: false,
};

/** Of a group of servers in which another one was quicker; at a COMMIT. */
export const rolledBackByGroup: MysqlError = {
  number: 3101,
  state: '40000',
  message: 'Plugin instructed the server to rollback the current transaction.',
  rollsBack: true,
};

/** Of a server that was the primary. */
const readOnly: MysqlError = {
  number: 1290,
  state: 'HY000',
  message: 'The MySQL server is running with the --super-read-only option so it cannot execute this statement',
  rollsBack: false,
};

interface Refusing {
  readonly error: MysqlError;
  readonly at: RegExp;
  /** One transaction of so many is refused once. */
  readonly oneOf: number;
}

/** Of one transaction; fewer than it is tried. */
const mostRefusals = 3;

/** Statements that take locks. */
export const locking = /^\s*(INSERT|UPDATE|DELETE|SELECT\b.*\bFOR (UPDATE|SHARE)\b)/is;
const writing = /^\s*(INSERT|UPDATE|DELETE)\b/i;

/** COM_QUERY, see https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query.html */
const comQuery = 3;
const headerBytes = 4;

/**
 * A way to MySQL on which goes wrong what a test wants to: it breaks at the COMMIT of one transaction, with or without MySQL's having heard
 * it, or a statement is answered by an error of MySQL's, which then does what it does with such an error.
 */
export class MysqlProxy {
  private readonly sockets = new Set<Socket>();
  private readonly clients = new Set<Socket>();
  private planned: Cut[] = [];
  private isDown = false;
  private refusing: Refusing | null = null;
  private transactions = 0;
  /** How often a transaction was refused that begins with this statement: what is tried again is not refused for ever. */
  private readonly refused = new Map<string, number>();
  private demoted = new Set<Socket>();
  /** How many COMMITs were cut. */
  cuts = 0;
  /** How many statements were answered by an error. */
  refusals = 0;

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

  /** From now on one transaction of so many meets this error at the first of its statements like this. */
  refuseOneOf(oneOf: number, error: MysqlError, at: RegExp): void {
    this.refusing = { error, at, oneOf };
    this.refused.clear();
  }

  stopRefusing(): void {
    this.refusing = null;
  }

  /**
   * What the connections lead to that are open now is the primary no more, and refuses to write; new ones lead to the new primary.
   *
   * @returns how many there are.
   */
  demote(): number {
    this.demoted = new Set(this.clients);
    return this.demoted.size;
  }

  /** How many connections to the old primary are open. */
  get openDemoted(): number {
    return [...this.demoted].filter((client) => this.clients.has(client)).length;
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
    this.clients.add(client);
    for (const socket of sides) {
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.sockets.delete(socket);
        this.clients.delete(client);
        for (const side of sides) side.destroy();
      });
    }
    let statements: string[] = [];
    let isDeaf = false;
    let isChosen = false;
    let answerNext: MysqlError | null = null;
    client.on('data', (bytes) => {
      const statement = statementOf(bytes);
      if (statement !== null) {
        if (statement === 'START TRANSACTION') {
          statements = [];
          isChosen = this.choosesNext();
        }
        statements.push(statement);
      }
      const error = statement === null ? null : this.errorFor(statement, client, isChosen ? statements : null);
      if (error !== null) {
        isChosen = false;
        answerNext = error;
        this.refusals += 1;
        mysql.write(withStatement(bytes, error.rollsBack ? 'ROLLBACK' : 'DO 0'));
        return;
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
      if (isDeaf) return;
      client.write(answerNext === null ? bytes : errorPacket(answerNext));
      answerNext = null;
    });
  }

  private choosesNext(): boolean {
    if (this.refusing === null) return false;
    this.transactions += 1;
    return this.transactions % this.refusing.oneOf === 0;
  }

  /** `chosen`: what a transaction that is to be refused has sent so far, this statement included. */
  private errorFor(statement: string, client: Socket, chosen: readonly string[] | null): MysqlError | null {
    if (this.demoted.has(client) && writing.test(statement)) return readOnly;
    // What is new in each attempt does not tell transactions apart.
    const first = chosen
      ?.find((one) => locking.test(one))
      ?.replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '');
    if (first === undefined || this.refusing?.at.test(statement) !== true) return null;
    const times = this.refused.get(first) ?? 0;
    if (times >= mostRefusals) return null;
    this.refused.set(first, times + 1);
    return this.refusing.error;
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
  if (bytes[headerBytes] !== comQuery || bytes.readUIntLE(0, 3) !== bytes.length - headerBytes) return null;
  return bytes.toString('utf8', textStart(bytes));
}

/** With query attributes their number, none, and the number of their sets, always one, come before the text. */
function textStart(bytes: Buffer): number {
  const hasAttributes = bytes[headerBytes + 1] === 0 && bytes[headerBytes + 2] === 1;
  return headerBytes + (hasAttributes ? 3 : 1);
}

/** The same packet with another statement. */
function withStatement(bytes: Buffer, statement: string): Buffer {
  const packet = Buffer.concat([bytes.subarray(0, textStart(bytes)), Buffer.from(statement)]);
  packet.writeUIntLE(packet.length - headerBytes, 0, 3);
  return packet;
}

/** https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_err_packet.html */
function errorPacket({ number, state, message }: MysqlError): Buffer {
  const body = Buffer.concat([Buffer.from([0xff, number & 0xff, number >> 8]), Buffer.from(`#${state}${message}`)]);
  return Buffer.concat([Buffer.from([body.length & 0xff, body.length >> 8, 0, 1]), body]);
}
