/** The long form of test/crash-history.test.ts: round after round on one cluster, each with a seed and namespaces of its own. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestCluster } from '../support/cluster.ts';
import { runCrashScenario } from '../support/history/crash-scenario.ts';
import { printFigures, soakDuration } from '../support/soak.ts';

/** Milliseconds of traffic in one round: its history stays small enough to be held and searched. */
const ROUND_MS = 60_000;

const seed = Number(process.env['REGATTA_SEED'] ?? Math.floor(Math.random() * 1e6));

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await TestCluster.start({ nodes: 3, speed: 10 });
});
afterAll(() => cluster.dispose());

it(`histories of clients agree with the promises of the API (first seed ${seed})`, async () => {
  const left = soakDuration(5);
  const deadline = performance.now() + left;
  const total: Record<string, number> = {};
  for (let round = seed; performance.now() < deadline; round++) {
    const duration = Math.min(ROUND_MS, Math.max(5_000, deadline - performance.now()));
    const report = await runCrashScenario({ cluster, seed: round, duration, atLeast: { apiserver: 2, broker: 1 } });
    printFigures(`history, seed ${round}`, report.figures);
    expect(report.violations, `seed ${round}, history in ${report.file}`).toEqual([]);
    for (const [name, value] of Object.entries(report.figures)) total[name] = (total[name] ?? 0) + value;
  }
  printFigures('history', { ...total, seconds: Math.round((performance.now() - deadline + left) / 1000) });
});
