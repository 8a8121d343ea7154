/**
 * Obeys the fault commands that an endpoint gets on its own subject.
 *
 * Invariants: every command is answered, damaged ones as `invalid`; what ends or stops the process happens after the
 * answer was sent; while a freezer holds the process stopped, the freezer alone listens.
 */
import type { Logger } from '@regatta/runtime';
import { decode, encode } from '../codec.ts';
import type { WireSubscription } from '../link/wire.ts';
import type { EndpointControl } from './endpoint-control.ts';
import type { ExemptAnswer, ExemptLine } from './exempt-line.ts';
import { parseFaultCommand } from './fault-command.ts';
import { type FaultAnswer, type FaultCommand, FaultError } from './fault-protocol.ts';
import type { FaultTable } from './fault-table.ts';

export interface FaultServiceOptions {
  readonly line: ExemptLine;
  readonly table: FaultTable;
  readonly logger: Logger;
  /** What may be done to the process; without it, nothing. */
  readonly control?: EndpointControl;
}

interface Obeyed {
  readonly answer: FaultAnswer;
  readonly afterwards?: () => void;
}

export class FaultService {
  readonly #options: FaultServiceOptions;
  #subscription: WireSubscription | undefined;

  constructor(options: FaultServiceOptions) {
    this.#options = options;
    this.#listen();
  }

  #listen(): void {
    this.#subscription = this.#options.line.serve((data) => this.#answer(data));
  }

  async #answer(data: Uint8Array): Promise<ExemptAnswer> {
    const { answer, afterwards } = await this.#tryToObey(data);
    return { data: encode(answer), ...(afterwards ? { afterwards } : {}) };
  }

  async #tryToObey(data: Uint8Array): Promise<Obeyed> {
    try {
      return await this.#obey(parseFaultCommand(decoded(data)));
    } catch (error) {
      if (!(error instanceof FaultError)) this.#options.logger.error('a fault command failed', { error });
      return { answer: refusal(error) };
    }
  }

  async #obey(command: FaultCommand): Promise<Obeyed> {
    const { table, logger } = this.#options;
    if (command.op !== 'list') logger.info('a fault command', { ...command });
    switch (command.op) {
      case 'set':
        table.set(command.fault);
        break;
      case 'heal':
        table.heal(command.ids);
        break;
      case 'kill':
        return { answer: this.#list(), afterwards: this.#control().kill() };
      case 'freeze':
        return this.#freeze(command.forMs);
      // Whoever hears this runs.
      case 'list':
      case 'thaw':
    }
    return { answer: this.#list() };
  }

  #list(): FaultAnswer {
    return { ok: true, faults: this.#options.table.list() };
  }

  async #freeze(forMs: number): Promise<Obeyed> {
    const { stop, ended } = await this.#control().freeze(forMs, this.#options.table.list());
    this.#subscription?.stop();
    void ended.then(() => this.#listen());
    return { answer: { ok: true, faults: this.#options.table.list(), frozenForMs: forMs }, afterwards: stop };
  }

  #control(): EndpointControl {
    const { control } = this.#options;
    if (!control) throw new FaultError('refused', 'this endpoint can be neither killed nor frozen over the bus');
    return control;
  }
}

function decoded(data: Uint8Array): unknown {
  try {
    return decode(data);
  } catch {
    throw new FaultError('invalid', 'the command is no msgpack');
  }
}

/** What an error is to whoever asked. */
export function refusal(error: unknown): FaultAnswer {
  if (error instanceof FaultError) return { ok: false, code: error.code, message: error.message };
  return { ok: false, code: 'refused', message: error instanceof Error ? error.message : String(error) };
}
