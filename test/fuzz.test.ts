/** Broken requests of every sort change nothing and are nobody's crash. The long form: test/soak/fuzz.soak.ts. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, TestCluster } from './support/cluster.ts';
import { apiserver, loggedErrors, revision, runFuzz } from './support/fuzz/run-fuzz.ts';

const REQUESTS = 3000;
const seed = Number(process.env['REGATTA_SEED'] ?? Math.floor(Date.now() % 1e9));

describe('broken requests', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await TestCluster.start({ nodes: 0, speed: 1 });
    await eventually('the controllers have made what they make', async () =>
      (await cluster.kubectl('get', 'configmaps', '-A')).includes('kube-root-ca.crt'),
    );
  });
  afterAll(() => cluster.dispose());

  it(`FUZZ-1: ${REQUESTS} of them get an answer below 500 and change nothing`, async () => {
    console.log(`fuzz: REGATTA_SEED=${seed}`);
    const [before, process] = [await revision(cluster), await apiserver(cluster)];
    const { wrong } = await runFuzz(cluster, REQUESTS, seed);
    expect(wrong).toEqual([]);
    expect(loggedErrors(cluster)).toEqual([]);
    expect(await revision(cluster)).toBe(before);
    expect((await apiserver(cluster)).pid).toBe(process.pid);
  });
});
