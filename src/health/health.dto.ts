/** The process runs. */
export class LiveResponse {
  /** @example ok */
  status!: 'ok';
}

/** This replica takes requests. */
export class ReadyResponse {
  /** @example ready */
  status!: 'ready';
  /** Whether projects and people have been imported from Keystone once; requests are served before that too. */
  imported!: boolean;
}
