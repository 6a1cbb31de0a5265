/** Why a resource is not as it was asked for. */
export class FaultResponse {
  /** Stable; the same codes as in problem answers. @example CAPACITY_UNAVAILABLE */
  code!: string;

  /** What happened, to which thing, and what to do. @example The server could not be built. Nova said: No valid host was found. */
  message!: string;
}
