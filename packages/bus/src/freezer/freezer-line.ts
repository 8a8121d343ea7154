/**
 * Listens on the bus in the place of a frozen endpoint.
 */
import { type Clock, type Logger, systemRandom } from '@regatta/runtime';
import { decode, encode } from '../codec.ts';
import { openWire } from '../connect-bus.ts';
import { type ExemptAnswer, ExemptLine } from '../faults/exempt-line.ts';
import { parseFaultCommand } from '../faults/fault-command.ts';
import { type ActiveFault, type FaultAnswer, FaultError } from '../faults/fault-protocol.ts';
import { refusal } from '../faults/fault-service.ts';
import type { Freezer } from './freezer.ts';

export interface FreezerLineOptions {
  readonly servers: string;
  readonly credentialsFile: string;
  readonly user: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly freezer: Freezer;
  /** Those that the endpoint keeps, with the time that they have left now. */
  readonly faults: () => readonly ActiveFault[];
}

/** Resolves when it listens. @throws BusError */
export async function listenInPlace(options: FreezerLineOptions): Promise<void> {
  const { user, clock } = options;
  const wire = await openWire(options);
  options.signal.throwIfAborted();
  const line = new ExemptLine({ wire, user, clock, random: systemRandom });
  const subscription = line.serve((data) => answer(data, options));
  // What is asked from then on is for the process itself; what was asked before is answered.
  options.freezer.beforeThaw = async () => {
    subscription.stop();
    await wire.flush();
    await line.whenIdle();
    await wire.flush();
  };
}

async function answer(data: Uint8Array, options: FreezerLineOptions): Promise<ExemptAnswer> {
  try {
    return obey(data, options);
  } catch (error) {
    return { data: encode(refusal(error)) };
  }
}

function obey(data: Uint8Array, { freezer, faults }: FreezerLineOptions): ExemptAnswer {
  const command = parseFaultCommand(decode(data));
  const told = (frozen: boolean): Uint8Array => {
    const listed: FaultAnswer = { ok: true, faults: faults(), ...(frozen ? { frozenForMs: freezer.leftMs } : {}) };
    return encode(listed);
  };
  switch (command.op) {
    case 'list':
      return { data: told(!freezer.isThawing) };
    case 'freeze':
      if (freezer.isThawing) throw new FaultError('refused', 'this endpoint goes on just now: ask again');
      freezer.extend(command.forMs);
      return { data: told(true) };
    case 'thaw':
      return { data: told(false), afterwards: () => freezer.thaw('it was told to') };
    case 'kill':
      return { data: told(false), afterwards: () => freezer.kill() };
    default:
      throw new FaultError('refused', 'this endpoint is frozen: thaw it first');
  }
}
