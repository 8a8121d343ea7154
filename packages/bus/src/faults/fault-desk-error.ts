/**
 * Why a fault could not be set, ended or listed.
 */
export type FaultDeskErrorCode =
  /** There is no such machine, component or fault. */
  | 'not-found'
  /** The command makes no sense. */
  | 'invalid'
  /** The endpoint can't do that. */
  | 'refused'
  /** The endpoint does not answer: it is dead, frozen or not connected. */
  | 'unreachable';

export class FaultDeskError extends Error {
  constructor(
    readonly code: FaultDeskErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'FaultDeskError';
  }
}
