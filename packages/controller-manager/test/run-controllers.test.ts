import { resources } from '@regatta/client';
import { seededRandom, silentLogger } from '@regatta/runtime';
import { describe, expect, it } from 'vitest';
import { parseArguments } from '../src/arguments.ts';
import { runControllers } from '../src/run-controllers.ts';
import { TestCluster } from './support/test-cluster.ts';

describe('the process', () => {
  it('CM-1: starts all controllers once clock and caches are there, and ends with its signal', async () => {
    const cluster = new TestCluster();
    const timeline = JSON.stringify({ segments: [{ from: 0, speed: 10 }] });
    const metadata = { name: 'regatta-clock', namespace: 'kube-system' };
    const ended = new AbortController();
    let ready = false;
    const run = runControllers({
      client: cluster.client,
      clusterClock: cluster.clusterClock,
      random: seededRandom(1),
      logger: silentLogger,
      signal: ended.signal,
      nodeLoss: 'unknown',
      clusterCidr: '10.244.0.0/16',
      readRootCa: async () => 'PEM',
      onReady: () => {
        ready = true;
      },
    });
    await cluster.settle();
    expect(ready).toBe(false);
    await cluster.create(resources.configMaps, { metadata, data: { timeline } });
    await cluster.advance(500, 50);
    expect(ready).toBe(true);
    expect(cluster.clusterClock.speed).toBe(10);
    await cluster.create(resources.namespaces, { metadata: { name: 'a' }, spec: {} });
    expect(await cluster.list(resources.serviceAccounts, 'a')).toHaveLength(1);
    ended.abort(new Error('done'));
    await run;
    expect(cluster.clock.pendingTimers).toBe(0);
  });

  it('CM-2: says what is wrong with its options', () => {
    expect(() => parseArguments([])).toThrow('--bus and --credentials are needed');
    expect(() => parseArguments(['--bus', 'x', '--credentials', 'y', '--node-loss', 'z'])).toThrow(
      '--node-loss is "unknown" or "upstream", not "z"',
    );
    expect(() => parseArguments(['--speed', '3'])).toThrow("Unknown option '--speed'");
  });
});
