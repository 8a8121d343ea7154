/**
 * The long form of FLT-39: storms of faults on one cluster, one after another. REGATTA_SEED repeats a run.
 */
import { it } from 'vitest';
import { TestCluster } from '../support/cluster.ts';
import { FaultStorm } from '../support/fault-storm.ts';
import { printFigures, soakDuration } from '../support/soak.ts';

const SEED = Number(process.env['REGATTA_SEED'] ?? 20_261_121);
const STORM_MS = 6000;

it('FLT-39: after each storm everything is as it should be', { timeout: 4 * 3_600_000 }, async () => {
  const cluster = await TestCluster.start({ speed: 40 });
  const storm = new FaultStorm(cluster, SEED);
  const calm: number[] = [];
  try {
    await storm.prepare();
    const end = performance.now() + soakDuration(5);
    while (performance.now() < end) calm.push((await storm.round(STORM_MS)).calmMs);
  } catch (error) {
    throw new Error(`seed ${SEED}, storm ${calm.length + 1}`, { cause: error });
  } finally {
    storm.close();
    await cluster.dispose();
  }
  calm.sort((a, b) => a - b);
  printFigures('faults', {
    storms: calm.length,
    'until calm, median': `${Math.round(calm[Math.floor(calm.length / 2)] ?? 0)} ms`,
    max: `${Math.round(calm.at(-1) ?? 0)} ms`,
  });
});
