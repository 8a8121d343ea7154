/** The long form of test/faults.test.ts: faults by chance for REGATTA_SOAK_MINUTES (5). REGATTA_SEED repeats a run. */
import { expect, it } from 'vitest';
import { FaultRounds, type RoundFigures } from '../support/fault-rounds.ts';
import { printFigures, soakDuration } from '../support/soak.ts';

const SEED = Number(process.env['REGATTA_SEED'] ?? 20_261_121);
const DEFAULT_MINUTES = 5;

it('FLT-60 … FLT-75: faults by chance, and everything is as before', { timeout: 24 * 3_600_000 }, async () => {
  const until = Date.now() + soakDuration(DEFAULT_MINUTES);
  const rounds = await FaultRounds.start(SEED);
  const all: RoundFigures[] = [];
  try {
    while (Date.now() < until) {
      try {
        const figures = await rounds.round();
        all.push(figures);
        console.log(`  ${figures.what}: as before after ${(figures.recoveryMs / 1000).toFixed(1)} s`);
      } catch (error) {
        throw new Error(`seed ${SEED}, round ${all.length + 1}`, { cause: error });
      }
    }
  } finally {
    await rounds.dispose();
  }
  const slowest = [...all].sort((a, b) => b.recoveryMs - a.recoveryMs);
  const seconds = (round: RoundFigures | undefined): string => `${((round?.recoveryMs ?? 0) / 1000).toFixed(1)} s`;
  printFigures('fault-rounds', {
    seed: SEED,
    rounds: all.length,
    'recovery median': seconds(slowest[Math.floor(slowest.length / 2)]),
    max: `${seconds(slowest[0])} (${slowest[0]?.what})`,
  });
  expect(all.length).toBeGreaterThan(0);
});
