import { Description, Flag, Name, OneOf, QueryInteger } from '../common/fields.js';
import { serverStatuses, type ServerStatus } from './server-status.js';

export class RenameServerRequest {
  @Name({ description: "Unique among the project's live servers.", example: 'web-2' })
  name!: string;

  @Description({ description: 'Left out: as it is. Null: none.', example: 'Front end of the shop' })
  description?: string | null;

  @Flag({ optional: true, description: 'A protected server cannot be deleted. Left out: as it is.', example: true })
  protected?: boolean;
}

export class ServerStatusQuery {
  @OneOf(serverStatuses, {
    named: ['ACTIVE', 'SHUTOFF'],
    description: 'ACTIVE starts it, SHUTOFF stops it; no other status can be asked for.',
    example: 'SHUTOFF',
  })
  status!: ServerStatus;
}

export class RebootQuery {
  @OneOf(['soft', 'hard'], {
    optional: true,
    description: 'soft asks the guest to, hard cuts its power. Left out: soft.',
    example: 'soft',
  })
  type?: 'soft' | 'hard';
}

export class ConsoleLogQuery {
  @QueryInteger({
    min: 1,
    max: 10_000,
    description: 'How many lines, counted from the end; 200 if left out.',
    example: 50,
  })
  lines?: number;
}

/** Where the console is. */
export class ConsoleResponse {
  /** For a browser; good for some minutes, and for whoever has it. @example https://cloud.example/vnc_auto.html?path=%3Ftoken%3D6f0c1f0e */
  url!: string;
}

/** What the guest wrote on its serial console. */
export class ConsoleLogResponse {
  /** The last lines, at most 256 KiB. @example [    0.000000] Linux version 6.12 */
  output!: string;
}
