/**
 * A mistake or a condition that the person at the terminal can do something about: printed as its one sentence,
 * without a stack.
 */
export class CliError extends Error {
  constructor(
    message: string,
    readonly exitCode: number = 1,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'CliError';
  }
}
