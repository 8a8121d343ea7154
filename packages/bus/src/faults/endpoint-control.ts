/**
 * What may be done to an endpoint's process: the port behind which signals and the freezer stand.
 */
import type { ActiveFault } from './fault-protocol.ts';

export interface PreparedFreeze {
  /** Stops the process: returns when it goes on. */
  stop(): void;
  /** Resolves when the process goes on, or could not be stopped. */
  readonly ended: Promise<void>;
}

export interface EndpointControl {
  /** @returns what ends the endpoint at once, without goodbye. @throws FaultError `refused` */
  kill(): () => void;
  /**
   * Gets ready to stop the process for so many real milliseconds.
   * @param faults what the endpoint keeps, to be told while it is stopped
   * @throws FaultError `refused`
   */
  freeze(forMs: number, faults: readonly ActiveFault[]): Promise<PreparedFreeze>;
}
