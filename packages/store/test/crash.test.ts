/** SIGKILL at random points; the long form is test/soak/store-crash.soak.ts. */
import { expect, it } from 'vitest';
import { crashRounds } from './crash/crash-rounds.ts';
import { seedFor } from './seed.ts';

const ROUNDS = 120;

it('ST-27, ST-38: SIGKILL or a power failure at any point loses no acknowledged write, reuses no revision, leaves no part of a batch', async () => {
  const seed = seedFor('crash');
  const figures = await crashRounds(seed, ({ rounds }) => rounds < ROUNDS);
  process.stdout.write(
    `crash: ${figures.rounds} rounds, ${figures.acknowledged} acknowledged writes, ` +
      `${figures.early} ended before the first, ${figures.torn} left a torn record\n`,
  );
  expect(figures.acknowledged).toBeGreaterThan(ROUNDS * 50);
}, 240_000);
