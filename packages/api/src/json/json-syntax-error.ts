/** Text that is not JSON; `message` is that of Go's encoding/json. */
export class JsonSyntaxError extends Error {
  readonly code = 'json-syntax';

  constructor(message: string) {
    super(message);
    this.name = 'JsonSyntaxError';
  }
}
