/** The store against a model, by random operations. */
import { expect, it } from 'vitest';
import { modelRun, shortestFailure } from './model-run.ts';
import { seedFor } from './seed.ts';

const RUNS = 40;
const OPERATIONS = 150;

it('ST-39: whatever is done in whatever order, the store does what the model does', async () => {
  const first = seedFor('model');
  for (let seed = first; seed < first + RUNS; seed++) {
    try {
      await modelRun(seed, OPERATIONS);
    } catch (error) {
      const operations = await shortestFailure(seed, OPERATIONS);
      expect.fail(`REGATTA_SEED=${seed} fails within ${operations} operations: ${error}`);
    }
  }
}, 120_000);
