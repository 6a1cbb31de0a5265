import { Injectable } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';

/** This process among its fellows; a new id at each start, so that nothing of an earlier life is taken for its own. */
@Injectable()
export class Replica {
  readonly id = `${hostname().slice(0, 40)}:${String(process.pid)}:${randomBytes(4).toString('hex')}`;
}
