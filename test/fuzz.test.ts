/** Broken requests and connections of every sort change nothing and are nobody's crash. The long form: test/soak/fuzz.soak.ts. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestCluster } from './support/cluster.ts';
import { aimAt, apiserver, loggedErrors, runBrokenConnections, runFuzz, stateOf } from './support/fuzz/run-fuzz.ts';

const REQUESTS = 3000;
const CONNECTIONS = 150;
const seed = Number(process.env['REGATTA_SEED'] ?? Math.floor(Date.now() % 1e9));

describe('broken requests', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await TestCluster.start({ nodes: 1, speed: 1 });
    await aimAt(cluster);
  });
  afterAll(() => cluster.dispose());

  it(`FUZZ-1: ${REQUESTS} of them get an answer below 500 and change nothing`, async () => {
    console.log(`fuzz: REGATTA_SEED=${seed}`);
    const [before, process] = [await stateOf(cluster), await apiserver(cluster)];
    const { wrong } = await runFuzz(cluster, REQUESTS, seed);
    expect(wrong).toEqual([]);
    expect(loggedErrors(cluster)).toEqual([]);
    expect(await stateOf(cluster)).toEqual(before);
    expect((await apiserver(cluster)).pid).toBe(process.pid);
  });

  it(`FUZZ-2: ${CONNECTIONS} broken connections leave nothing behind`, async () => {
    console.log(`fuzz: REGATTA_SEED=${seed}`);
    const [before, process] = [await stateOf(cluster), await apiserver(cluster)];
    await runBrokenConnections(cluster, CONNECTIONS, seed, 'fuzz-target');
    expect(loggedErrors(cluster)).toEqual([]);
    expect(await stateOf(cluster)).toEqual(before);
    expect((await apiserver(cluster)).pid).toBe(process.pid);
    await expect
      .poll(async () => (await apiserver(cluster)).handles, { timeout: 20_000 })
      .toBeLessThan(process.handles + 10);
  });
});
