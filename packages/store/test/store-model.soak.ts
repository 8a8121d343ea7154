/** The long form of model.test.ts: more seeds and longer runs, for REGATTA_SOAK_MINUTES. */
import { SystemClock } from '@regatta/runtime';
import { expect, it } from 'vitest';
import { modelRun, shortestFailure } from './model-run.ts';
import { seedFor } from './seed.ts';

const OPERATIONS = 400;
const MINUTES = Number(process.env['REGATTA_SOAK_MINUTES'] ?? 5);

it('ST-39: the store and the model, by many seeds', { timeout: 7_200_000 }, async () => {
  const clock = new SystemClock();
  const end = clock.monotonic() + MINUTES * 60_000;
  const first = seedFor('store-model');
  let seed = first;
  for (; clock.monotonic() < end; seed++) {
    try {
      await modelRun(seed, OPERATIONS);
    } catch (error) {
      const operations = await shortestFailure(seed, OPERATIONS);
      expect.fail(`REGATTA_SEED=${seed} fails within ${operations} operations: ${error}`);
    }
  }
  process.stdout.write(
    `# store-model: seeds ${seed - first}, operations ${(seed - first) * OPERATIONS}, differences 0\n`,
  );
});
