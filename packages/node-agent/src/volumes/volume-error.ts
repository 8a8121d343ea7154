/**
 * Why a volume could not be set up: what the FailedMount event says.
 */
export class VolumeError extends Error {
  readonly code = 'volume';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'VolumeError';
  }
}
