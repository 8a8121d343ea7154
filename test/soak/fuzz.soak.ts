/** The long form of FUZZ-1 and FUZZ-2: 100,000 broken requests (REGATTA_FUZZ_REQUESTS), and what the server holds before and after. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestCluster } from '../support/cluster.ts';
import { aimAt, apiserver, loggedErrors, runBrokenConnections, runFuzz, stateOf } from '../support/fuzz/run-fuzz.ts';
import { printFigures } from '../support/soak.ts';

const REQUESTS = Number(process.env['REGATTA_FUZZ_REQUESTS'] ?? 100_000);
const CONNECTIONS = REQUESTS / 20;
const ROUNDS = 5;
const seed = Number(process.env['REGATTA_SEED'] ?? Math.floor(Date.now() % 1e9));

describe('broken requests', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await TestCluster.start({ nodes: 1, speed: 1 });
    await aimAt(cluster);
  });
  afterAll(() => cluster.dispose());

  it(`FUZZ-1: ${REQUESTS} of them`, async () => {
    console.log(`fuzz: REGATTA_SEED=${seed}`);
    const [before, process] = [await stateOf(cluster), await apiserver(cluster)];
    const memory = [process.memory];
    const wrong: string[] = [];
    const began = performance.now();
    for (let round = 0; round < ROUNDS; round++) {
      const result = await runFuzz(cluster, REQUESTS / ROUNDS, seed + round);
      wrong.push(...result.wrong);
      const made = await runBrokenConnections(cluster, CONNECTIONS / ROUNDS, seed + round, 'fuzz-target');
      memory.push((await apiserver(cluster)).memory);
      for (const [sort, codes] of Object.entries(result.codes)) {
        console.log(`# round ${round + 1}, ${sort}: ${JSON.stringify(codes)}`);
      }
      console.log(`# round ${round + 1}, connections: ${JSON.stringify(made)}`);
    }
    const seconds = (performance.now() - began) / 1000;
    printFigures('fuzz', {
      requests: REQUESTS,
      connections: CONNECTIONS,
      rate: `${Math.round(REQUESTS / seconds)}/s`,
      memory: `${memory.join(' ')} MiB`,
      handles: `${process.handles} ${(await apiserver(cluster)).handles}`,
      wrong: wrong.length,
    });
    expect(wrong).toEqual([]);
    expect(loggedErrors(cluster)).toEqual([]);
    expect(await stateOf(cluster)).toEqual(before);
    expect((await apiserver(cluster)).pid).toBe(process.pid);
  });
});
