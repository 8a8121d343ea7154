/**
 * Commands faults of any endpoint, from a connection that may (the apiservers' and the fault injector's).
 */
import { decode, encode } from '../codec.ts';
import { type BusConnection, BusError } from '../connection.ts';
import type { FaultAnswer, FaultCommand } from './fault-protocol.ts';

export interface AskEndpointOptions {
  /** Real milliseconds; 5 000 unless told. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
}

const DEFAULT_TIMEOUT_MS = 5000;

/** An endpoint that goes on after a freeze, or whose connection was lost, is back so many looks later, or not there. */
const LOOKS = 5;
const LOOK_TIMEOUT_MS = 100;

/**
 * @param user the endpoint: the user of its connection
 * @throws BusError `no-responders` when it is not connected; `timeout` when it is frozen (by other means than `freeze` over
 *   the bus, which leaves a freezer that answers); `aborted`; `denied` when this connection may not command faults
 */
export async function askEndpoint(
  bus: Pick<BusConnection, 'exempt'>,
  user: string,
  command: FaultCommand,
  { timeout = DEFAULT_TIMEOUT_MS, signal }: AskEndpointOptions = {},
): Promise<FaultAnswer> {
  const data = encode(command);
  for (let look = 1; ; look++) {
    try {
      return decode(await bus.exempt.ask(user, data, { timeout, signal })) as FaultAnswer;
    } catch (error) {
      if (!(error instanceof BusError) || error.code !== 'no-responders' || look === LOOKS) throw error;
      await bus.exempt.pause(LOOK_TIMEOUT_MS, signal);
    }
  }
}
