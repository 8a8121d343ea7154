/** The long form of crash.test.ts: a thousand rounds (REGATTA_SOAK_ROUNDS), or as many as fit into REGATTA_SOAK_MINUTES. */
import { SystemClock } from '@regatta/runtime';
import { expect, it } from 'vitest';
import { crashRounds } from './crash/crash-rounds.ts';
import { seedFor } from './seed.ts';

const ROUNDS = Number(process.env['REGATTA_SOAK_ROUNDS'] ?? 1000);
const MINUTES = Number(process.env['REGATTA_SOAK_MINUTES'] ?? 20);

it('ST-27, ST-38: a thousand SIGKILLs and power failures', { timeout: 7_200_000 }, async () => {
  const clock = new SystemClock();
  const end = clock.monotonic() + MINUTES * 60_000;
  const { rounds, acknowledged, early, torn } = await crashRounds(
    seedFor('store-crash'),
    (figures) => figures.rounds < ROUNDS && clock.monotonic() < end,
  );
  process.stdout.write(
    `# store-crash: rounds ${rounds}, acknowledged writes ${acknowledged}, ended before the first ${early}, ` +
      `left a torn record ${torn}, acknowledged writes lost 0\n`,
  );
  expect(rounds).toBeGreaterThan(0);
});
