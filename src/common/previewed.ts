/** A handler returns this for a change that was only asked about: 200 and `body`, whatever its ordinary success is. */
export class Previewed<Body> {
  constructor(readonly body: Body) {}
}
