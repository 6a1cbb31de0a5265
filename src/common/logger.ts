import type { LoggerService } from '@nestjs/common';
import { destination, pino, stdTimeFunctions, type DestinationStream, type Logger } from 'pino';
import { currentRequestId } from './request-scope.js';

const standardOutput = 1;

/**
 * One JSON line an event, with the id of the request that it belongs to. Standard output is written beside the work, lines that come
 * meanwhile in one piece: a write a line took a quarter of the time of a read. A process that exits writes the rest first; one that is
 * killed loses the lines of its last moments.
 */
export function createLogger(
  level: string,
  to: DestinationStream = destination({ dest: standardOutput, sync: false }),
): Logger {
  const options = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    mixin: () => {
      const requestId = currentRequestId();
      return requestId === undefined ? {} : { requestId };
    },
    redact: {
      paths: ['*.password', '*.token', '*.refresh_token', '*.authorization', 'password', 'token'],
      censor: '…',
    },
  };
  return pino(options, to);
}

/** Contexts of Nest that tell how it starts, line by line. */
const chatter = new Set(['NestFactory', 'InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'NestApplication']);

type Level = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

/** Takes Nest's lines, `({ fields }, 'text', 'Context')` or `('text', 'Context')`, to pino. */
export class NestLogger implements LoggerService {
  constructor(private readonly pino: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    const context = rest.at(-1);
    this.write(typeof context === 'string' && chatter.has(context) ? 'debug' : 'info', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    // What Nest logs of a failed start it throws as well.
    this.write(rest.at(-1) === 'NestApplication' ? 'debug' : 'error', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }

  private write(level: Level, message: unknown, rest: readonly unknown[]): void {
    const context = rest.at(-1);
    const more = rest.slice(0, -1).filter((value) => value !== undefined);
    const fields = { ...(typeof context === 'string' ? { context } : {}) };
    if (message instanceof Error) this.pino[level]({ ...fields, err: message }, message.message);
    else if (typeof message === 'object' && message !== null) this.pino[level]({ ...fields, ...message }, textOf(more));
    else this.pino[level]({ ...fields, ...(more.length === 0 ? {} : { stack: textOf(more) }) }, String(message));
  }
}

function textOf(values: readonly unknown[]): string {
  return values.map(String).join(' ');
}
