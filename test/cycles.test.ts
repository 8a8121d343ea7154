/** Stops and starts of a whole cluster: no node is lost and no Pod doubled (docs/spec/cluster.md). The long form is test/soak/cycles.soak.ts. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, regatta } from './support/cluster.ts';
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

  it('CYC-11: of two starts at once, after a supervisor was killed, one gets the data folder and the other says so', async () => {
    const { cluster } = run;
    await cluster.end('SIGKILL');
    const other = regatta(['--data-dir', cluster.dataDir, 'up', '--port', String(cluster.port)]);
    const isOurs = await cluster.up().then(
      () => true,
      () => false,
    );
    if (!isOurs) await cluster.regatta('down');
    const { code, stderr } = await other;
    expect(code, stderr).toBe(isOurs ? 1 : 0);
    if (isOurs) expect(stderr).toContain(`A cluster already runs on ${cluster.dataDir}`);
    else await cluster.up();
    await eventually('all nodes are Ready', async () => {
      const nodes = await cluster.kubectl('get', 'nodes', '--no-headers');
      return nodes.split('\n').length === 3 && !nodes.includes('NotReady');
    });
  });
});
