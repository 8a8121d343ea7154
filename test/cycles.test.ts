/** Stops and starts of a whole cluster: no node is lost and no Pod doubled (docs/spec/cluster.md). The long form is test/soak/cycles.soak.ts. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CycleRun, type Moment, type Stop } from './support/cycles.ts';

const SEED = Number(process.env['REGATTA_SEED'] ?? 20_261_121);

/** Every way to stop, and every moment, once. */
const CYCLES: readonly (readonly [Stop, Moment])[] = [
  ['down', 'edit'],
  ['kill-supervisor', 'rollout'],
  ['mid-start', 'idle'],
  ['kill-all', 'scale'],
  ['SIGINT', 'termination'],
  ['SIGTERM', 'node-loss'],
  ['twice', 'ordinal-deleted'],
  ['SIGHUP', 'rollout'],
];

describe('stop and start', () => {
  let run: CycleRun;
  beforeAll(async () => {
    run = await CycleRun.start(SEED);
  });
  afterAll(() => run.dispose());

  it.each(CYCLES)(
    'CYC-1 … CYC-7, CYC-9, CYC-10: stopped by %s in the middle of %s, the next start goes on',
    async (stop, moment) => {
      const figures = await run.cycle(stop, moment);
      expect(figures.stateBytes, `seed ${SEED}`).toBeGreaterThan(0);
    },
  );
});
