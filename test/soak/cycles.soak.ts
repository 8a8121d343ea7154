/**
 * The long form of test/cycles.test.ts: 100 stops and starts (REGATTA_SOAK_CYCLES), each way and moment by chance, on one
 * data folder. REGATTA_SEED repeats a run.
 */
import { expect, it } from 'vitest';
import { type CycleFigures, CycleRun, MOMENTS, STOPS } from '../support/cycles.ts';
import { printFigures } from '../support/soak.ts';

const CYCLES = Number(process.env['REGATTA_SOAK_CYCLES'] ?? 100);
const SEED = Number(process.env['REGATTA_SEED'] ?? 20_261_121);
/** Cycles at each end that are compared. */
const COMPARED = 10;
/** Cluster seconds: an Event's hour, and at speed 20 a sweep's interval and some cycles. */
const MOST_EVENT_SECONDS = 3_600 + 1_200;
/** Compaction keeps minutes of history, and a short run has no old history to drop. */
const MOST_STATE_BYTES = 64 * 1024 * 1024;

it('CYC-1 … CYC-10: a hundred stops and starts', { timeout: 3_600_000 }, async () => {
  const run = await CycleRun.start(SEED);
  const all: CycleFigures[] = [];
  let oldest = 0;
  try {
    for (let i = 0; i < CYCLES; i++) {
      const stop = run.pick(STOPS);
      const moment = run.pick(MOMENTS);
      try {
        all.push(await run.cycle(stop, moment));
      } catch (error) {
        const what = error instanceof Error ? error.message : String(error);
        throw new Error(`seed ${SEED}, cycle ${i + 1}: ${stop} in the middle of ${moment}: ${what}`, { cause: error });
      }
    }
    oldest = await run.oldestEventSeconds();
  } finally {
    await run.dispose();
  }
  const [first, last] = [all.slice(0, COMPARED), all.slice(-COMPARED)];
  const starts = (cycles: readonly CycleFigures[]): number[] =>
    cycles.map(({ startMs }) => startMs).sort((a, b) => a - b);
  const median = (cycles: readonly CycleFigures[]): number => starts(cycles)[Math.floor(cycles.length / 2)] ?? 0;
  const ms = (value: number | undefined): string => `${Math.round(value ?? 0)} ms`;
  const mib = (value: number | undefined): string => `${((value ?? 0) / 1024 / 1024).toFixed(1)} MiB`;
  const converged = all.map(({ convergedMs }) => convergedMs).sort((a, b) => a - b);
  printFigures('cycles', {
    cycles: all.length,
    'start-up median of the first ten': ms(median(first)),
    max: ms(starts(first).at(-1)),
    'of the last ten': ms(median(last)),
    'max ': ms(starts(last).at(-1)),
    'until everything was as before, median': ms(converged[Math.floor(converged.length / 2)]),
    'max  ': ms(converged.at(-1)),
    'state after the first ten': mib(first.at(-1)?.stateBytes),
    'at the end': mib(last.at(-1)?.stateBytes),
    'Events after the first ten': first.at(-1)?.events ?? 0,
    'most ': Math.max(...all.map(({ events }) => events)),
    'at the end ': last.at(-1)?.events ?? 0,
    'oldest Event': `${Math.round(oldest)} cluster s`,
    logs: mib(last.at(-1)?.logBytes),
  });
  expect(oldest, 'the oldest Event, cluster seconds').toBeLessThan(MOST_EVENT_SECONDS);
  expect(last.at(-1)?.stateBytes).toBeLessThan(MOST_STATE_BYTES);
});
