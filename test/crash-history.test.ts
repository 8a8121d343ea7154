/** What clients see while apiserver and broker are killed again and again (docs/spec/history.md). Long form: test/soak/history.soak.ts. */
import { once } from 'node:events';
import fs from 'node:fs';
import { constants } from 'node:http2';
import path from 'node:path';
import { type ApiClient, resources } from '@regatta/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, TestCluster } from './support/cluster.ts';
import { runCrashScenario } from './support/history/crash-scenario.ts';
import { outcomeOf } from './support/history/observed-client.ts';
import { connectHttp2, getHttp2 } from './support/history/server-connection.ts';
import { printFigures } from './support/soak.ts';

const seed = Number(process.env['REGATTA_SEED'] ?? Math.floor(Math.random() * 1e6));

describe('API under crash', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await TestCluster.start({ nodes: 2, speed: 10 });
  });
  afterAll(async () => {
    for (const close of closers) close();
    await cluster.dispose();
  });
  const closers: (() => void)[] = [];
  const api = (): ApiClient => {
    const { client, close } = cluster.client();
    closers.push(close);
    return client;
  };

  const kill = (): Promise<string> => cluster.regatta('component', 'kill', 'apiserver');
  const start = (): Promise<string> => cluster.regatta('component', 'start', 'apiserver');
  const configMap = (name: string) => ({ metadata: { name, namespace: 'default' }, data: { name } });

  it('HIST-50: resourceVersions go on rising, and what was acknowledged is there, after SIGKILL', async () => {
    const maps = api().resource(resources.configMaps);
    const before = await maps.create(configMap('before'));
    await kill();
    await start();
    expect(await maps.get('before', 'default')).toEqual(before);
    const after = await maps.create(configMap('after'));
    expect(Number(after.metadata.resourceVersion)).toBeGreaterThan(Number(before.metadata.resourceVersion));
  });

  it('HIST-51: a list that was cut goes on at its revision on a server that was killed meanwhile', async () => {
    const maps = api().resource(resources.configMaps);
    for (const name of ['page-1', 'page-2', 'page-3']) await maps.create(configMap(name));
    const first = await maps.list({ namespace: 'default', limit: 2 });
    await maps.delete('page-2', { namespace: 'default' });
    await maps.create(configMap('page-4'));
    await kill();
    await start();
    const rest = await maps.list({ namespace: 'default', limit: 500, continue: first.continue ?? '' });
    expect(rest.resourceVersion).toBe(first.resourceVersion);
    const names = [...first.items, ...rest.items].map(({ metadata }) => metadata.name);
    expect(names).toEqual(expect.arrayContaining(['page-1', 'page-2', 'page-3']));
    expect(names).not.toContain('page-4');
  });

  it('HIST-52: a restarted server answers a watch from an old revision out of its log', async () => {
    const maps = api().resource(resources.configMaps);
    const { resourceVersion } = await maps.list({ namespace: 'default' });
    await maps.create(configMap('old'));
    await maps.patch('old', { namespace: 'default', type: 'merge', body: { data: { more: 'y' } } });
    await maps.delete('old', { namespace: 'default' });
    await kill();
    await start();
    const types: string[] = [];
    const end = new AbortController();
    for await (const { type, object } of maps.watch({ namespace: 'default', resourceVersion }, end.signal)) {
      expect(object.metadata.name).toBe('old');
      types.push(type);
      if (type === 'DELETED') end.abort();
    }
    expect(types).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
  });

  it('HIST-53: a killed server breaks connections, refuses new ones, and a write in between is known not to have been sent', async () => {
    const session = await connectHttp2(cluster);
    const { stream, code } = await getHttp2(session, '/api/v1/namespaces/default/configmaps?watch=1');
    expect(code).toBe(200);
    const broken = once(stream, 'close');
    await kill();
    await broken;
    expect(session.closed || session.destroyed).toBe(true);
    await expect(connectHttp2(cluster)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    const refused: unknown = await api()
      .resource(resources.configMaps)
      .create(configMap('never'))
      .catch((error: unknown) => error);
    expect(outcomeOf(refused).type).toBe('none');
    await start();
    await expect(api().resource(resources.configMaps).get('never', 'default')).rejects.toMatchObject({ code: 404 });
  });

  it('HIST-54: a server that is told to stop sends GOAWAY and ends its watches in peace', async () => {
    const session = await connectHttp2(cluster);
    const { stream } = await getHttp2(session, '/api/v1/namespaces/default/configmaps?watch=1');
    stream.resume();
    const goneAway = once(session, 'goaway');
    const ended = once(stream, 'end');
    const pid = Number.parseInt(fs.readFileSync(path.join(cluster.dataDir, 'run', 'apiserver.pid'), 'utf8'), 10);
    process.kill(pid, 'SIGTERM');
    const [errorCode] = (await goneAway) as [number];
    await ended;
    expect(errorCode).toBe(constants.NGHTTP2_NO_ERROR);
    expect(stream.rstCode).toBe(constants.NGHTTP2_NO_ERROR);
    await eventually(
      'it is started again',
      async () => (await api().resource(resources.nodes).list()).items.length === 2,
    );
  });

  it(`HIST-1 to HIST-40: what all clients saw agrees with the promises of the API (seed ${seed})`, async () => {
    const report = await runCrashScenario({ cluster, seed, duration: 25_000, atLeast: { apiserver: 4, broker: 2 } });
    printFigures('history', report.figures);
    expect(report.violations, `seed ${seed}, history in ${report.file}`).toEqual([]);
    expect(report.figures['operations']).toBeGreaterThan(500);
    expect(report.figures['watch events']).toBeGreaterThan(1000);
  });
});
