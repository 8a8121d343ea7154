/** What ends a SPDY connection: the other side does not keep to the protocol, or to its limits. */
export class SpdyError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SpdyError';
  }
}
