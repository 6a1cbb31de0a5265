/** A handler returns this for a change that goes on: 202, Location: /operations/{id}, and `body`. */
export class Accepted<Body> {
  constructor(
    readonly operationId: number,
    readonly body: Body,
  ) {}
}
