#!/usr/bin/env node
/**
 * The freezer: a program that holds another process stopped (SIGSTOP) for a while, for nobody who is stopped can end that.
 *
 *   freezer --pid P --for MS [--stop] [--bus URL --credentials FILE --user USER]
 *
 * P is the freezer's parent or another child of the freezer's parent; MS are real milliseconds. The freezer says `ready`
 * when it may stop P, `frozen` when it has, and `thawed: why` at its end (standard output, a line each; exit code 0). What
 * it refuses it says on standard error (exit code 1). With `--stop` it stops P at once, else when it is told to.
 *
 * Lines on its standard input: `stop`; `thaw`; `for MS`, a new end, from now. P goes on, and the freezer ends, when the time
 * is over, `thaw` came, the input ended (whoever started the freezer is dead), SIGTERM, SIGINT or SIGHUP came, P's parent
 * died, or somebody else let P go on or killed it. It never needs the bus; with --bus it also obeys the fault commands that
 * are sent to USER's endpoint meanwhile (freezer/freezer-line.ts), and `faults JSON` on its input says which faults that
 * endpoint keeps.
 */
import readline from 'node:readline';
import { parseArgs } from 'node:util';
import { createLogger, SystemClock } from '@regatta/runtime';
import type { ActiveFault } from './faults/fault-protocol.ts';
import { Freezer } from './freezer/freezer.ts';
import type { FreezerLineOptions } from './freezer/freezer-line.ts';

const USAGE = 'usage: freezer --pid P --for MS [--stop] [--bus URL --credentials FILE --user USER]';

/** Real milliseconds that the last line may take: perhaps nobody reads it any more. */
const LAST_WORDS_MS = 200;

interface Flags {
  readonly pid: number;
  readonly forMs: number;
  readonly stop: boolean;
  readonly bus: { readonly servers: string; readonly credentialsFile: string; readonly user: string } | undefined;
}

/** @throws TypeError */
function readFlags(): Flags {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: { pid: text, for: text, stop: { type: 'boolean' }, bus: text, credentials: text, user: text },
  });
  const { bus: servers, credentials: credentialsFile, user } = values;
  return {
    pid: positive('pid', values.pid),
    forMs: positive('for', values.for),
    stop: values.stop === true,
    bus: servers && credentialsFile && user ? { servers, credentialsFile, user } : undefined,
  };
}

function positive(flag: string, text: string | undefined): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new TypeError(`--${flag} must be a whole number above 0, not ${JSON.stringify(text)}\n${USAGE}`);
}

function main(): void {
  const { pid, forMs, stop, bus } = readFlags();
  const clock = new SystemClock();
  const over = new AbortController();
  const freezer = new Freezer(clock, pid, forMs, (why) => {
    over.abort(new Error(why));
    process.stdout.write(`thawed: ${why}\n`, () => process.exit(0));
    clock.setTimer(LAST_WORDS_MS, () => process.exit(0));
  });
  process.on('exit', () => freezer.release());
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(name, () => freezer.thaw(`${name} came`));
  process.stdout.on('error', () => {});
  const kept = new KeptFaults(clock);
  const begin = (): void => {
    freezer.stop();
    if (over.signal.aborted) return;
    process.stdout.write('frozen\n');
    if (bus) void listen({ ...bus, clock, signal: over.signal, freezer, faults: () => kept.list() });
  };
  const lines = readline.createInterface({ input: process.stdin });
  lines.on('line', (line) => hear(line, freezer, kept, begin));
  lines.on('close', () => freezer.thaw('whoever asked for this is gone'));
  process.stdout.write('ready\n');
  if (stop) begin();
}

function hear(line: string, freezer: Freezer, kept: KeptFaults, begin: () => void): void {
  const [, word, rest = ''] = /^(\S+) ?(.*)$/.exec(line) ?? [];
  if (word === 'stop') begin();
  else if (word === 'thaw') freezer.thaw('it was told to');
  else if (word === 'for' && Number(rest) > 0) freezer.extend(Number(rest));
  else if (word === 'faults') kept.take(JSON.parse(rest) as ActiveFault[]);
}

/** The faults of the frozen endpoint, which go on ending. */
class KeptFaults {
  #faults: readonly ActiveFault[] = [];
  #since = 0;

  constructor(readonly clock: SystemClock) {}

  take(faults: readonly ActiveFault[]): void {
    this.#faults = faults;
    this.#since = this.clock.monotonic();
  }

  list(): ActiveFault[] {
    const gone = this.clock.monotonic() - this.#since;
    return this.#faults
      .filter(({ leftMs }) => leftMs > gone)
      .map((fault) => ({ ...fault, leftMs: fault.leftMs - gone }));
  }
}

/** The bus is a convenience: without it the process is frozen all the same. */
async function listen(options: Omit<FreezerLineOptions, 'logger'>): Promise<void> {
  const logger = createLogger(options, { component: 'freezer' });
  try {
    const { listenInPlace } = await import('./freezer/freezer-line.ts');
    await listenInPlace({ ...options, logger });
  } catch (error) {
    if (!options.signal.aborted) logger.warn('nobody listens on the bus for the frozen process', { error });
  }
}

try {
  main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
