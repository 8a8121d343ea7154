/** What clients see while apiserver and broker are killed again and again (docs/spec/history.md). Long form: test/soak/history.soak.ts. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestCluster } from './support/cluster.ts';
import { runCrashScenario } from './support/history/crash-scenario.ts';
import { printFigures } from './support/soak.ts';

const seed = Number(process.env['REGATTA_SEED'] ?? Math.floor(Math.random() * 1e6));

describe('API under crash', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await TestCluster.start({ nodes: 2, speed: 10 });
  });
  afterAll(() => cluster.dispose());

  it(`HIST-1 to HIST-40: what all clients saw agrees with the promises of the API (seed ${seed})`, async () => {
    const report = await runCrashScenario({ cluster, seed, duration: 25_000, atLeast: { apiserver: 4, broker: 2 } });
    printFigures('history', report.figures);
    expect(report.violations, `seed ${seed}, history in ${report.file}`).toEqual([]);
    expect(report.figures['operations']).toBeGreaterThan(500);
    expect(report.figures['watch events']).toBeGreaterThan(1000);
  });
});
