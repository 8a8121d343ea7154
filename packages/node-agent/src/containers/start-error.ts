/**
 * Why a container could not be started: `reason` is what its status shows as the reason for waiting.
 */
export class StartError extends Error {
  constructor(
    readonly reason: string,
    message: string,
    /** Cluster milliseconds after which it is worth trying again. */
    readonly retryAfter?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'StartError';
  }
}
