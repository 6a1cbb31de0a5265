import type { Cloud } from './cloud.js';
import type { Token } from './model.js';
import type { Call } from './wire.js';

/** A request to a service that needs a token, and has one. */
export interface TokenCall extends Call {
  readonly cloud: Cloud;
  readonly token: Token;
}
