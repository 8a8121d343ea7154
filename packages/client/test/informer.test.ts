import { type Pod, StatusError, statusErrors } from '@regatta/api';
import { silentLogger } from '@regatta/runtime';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Informer, resources } from '../src/mod.ts';
import { type Harness, harness, pod, until } from './harness.ts';

describe('informer', () => {
  let h: Harness;
  let stop: AbortController;
  let running: Promise<void>;
  let log: string[];
  let failing: Error | undefined;

  beforeEach(() => {
    failing = undefined;
    h = harness({
      intercept: () => {
        if (failing) throw failing;
      },
    });
    stop = new AbortController();
    log = [];
  });
  afterEach(async () => {
    stop.abort();
    await h.clock.advance(10_000);
    await running;
    expect(h.transport.watchCount).toBe(0);
  });

  function start(fieldSelector?: string): Informer<Pod> {
    const informer = new Informer<Pod>({
      client: h.client.resource(resources.pods),
      clock: h.clock,
      logger: silentLogger,
      fieldSelector,
    });
    informer.addIndex('node', (p) => [p.spec.nodeName ?? '']);
    informer.addHandler({
      onAdd: (p) => log.push(`+${p.metadata.name}`),
      onUpdate: (p, old) => log.push(`~${p.metadata.name} ${old.spec.nodeName ?? '-'}>${p.spec.nodeName ?? '-'}`),
      onDelete: (p) => log.push(`-${p.metadata.name}`),
    });
    running = informer.run(stop.signal);
    return informer;
  }
  const pods = () => h.client.resource(resources.pods);
  const bind = (name: string, node: string) =>
    pods().subresource(name, 'binding', { target: { name: node } }, 'default');

  it('CL-10: lists, is synced, then follows changes; get, list and indexes agree', async () => {
    await pods().create(pod('a'));
    const informer = start();
    expect(informer.synced).toBe(false);
    await informer.whenSynced();
    expect(log).toEqual(['+a']);
    await until(() => h.transport.watchCount === 1);
    await bind('a', 'node-1');
    await pods().create(pod('b', {}, 'node-1'));
    await until(() => log.length === 3);
    expect(informer.byIndex('node', 'node-1').map((p) => p.metadata.name)).toEqual(['a', 'b']);
    expect(informer.byIndex('node', '')).toEqual([]);
    await pods().delete('a', { namespace: 'default' });
    await until(() => log.length === 4);
    expect(log).toEqual(['+a', '~a ->node-1', '+b', '-a']);
    expect(informer.get('default', 'a')).toBeUndefined();
    expect(informer.list().map((p) => p.metadata.name)).toEqual(['b']);
  });

  it('CL-11: a watch that breaks is resumed from the last revision, without a list', async () => {
    const informer = start();
    await informer.whenSynced();
    await until(() => h.transport.watchCount === 1);
    await pods().create(pod('a'));
    await until(() => log.length === 1);
    h.transport.endWatches(new StatusError(statusErrors.serviceUnavailable('gone').status, { cause: new Error('x') }));
    await until(() => h.transport.watchCount === 0);
    await pods().create(pod('b'));
    await h.clock.advance(1000);
    await until(() => log.length === 2);
    expect(log).toEqual(['+a', '+b']);
    expect(h.transport.requests.filter((r) => r.method === 'GET' && !r.url.includes('watch=true'))).toHaveLength(1);
  });

  it('CL-12: 410 leads to a new list, and the difference is told: adds, updates, deletes', async () => {
    await pods().create(pod('stays'));
    await pods().create(pod('goes'));
    await pods().create(pod('moves'));
    await pods().create(pod('again'));
    const informer = start();
    await informer.whenSynced();
    await until(() => h.transport.watchCount === 1);
    log.length = 0;
    failing = new StatusError(statusErrors.serviceUnavailable('down').status, { cause: new Error('x') });
    h.transport.endWatches(failing);
    await until(() => h.transport.watchCount === 0);
    failing = undefined;
    await pods().delete('goes', { namespace: 'default' });
    await pods().delete('again', { namespace: 'default' });
    await pods().create(pod('again'));
    await bind('moves', 'node-2');
    await pods().create(pod('new'));
    h.transport.store.compact();
    await h.clock.advance(10_000);
    await until(() => h.transport.watchCount === 1);
    expect(log.sort()).toEqual(['+again', '+new', '-again', '-goes', '~moves ->node-2']);
    await pods().create(pod('later'));
    await until(() => log.includes('+later'));
  });

  it('CL-13: bookmarks move the revision on from which a watch is resumed', async () => {
    const informer = start();
    await informer.whenSynced();
    await until(() => h.transport.watchCount === 1);
    await h.client.resource(resources.configMaps).create({ metadata: { name: 'x', namespace: 'default' } });
    h.transport.bookmark();
    h.transport.store.compact();
    await h.clock.advance(0);
    h.transport.endWatches();
    await until(() => h.transport.requests.filter((r) => r.url.includes('watch=true')).length === 2);
    expect(h.transport.requests.at(-1)?.url).toContain('resourceVersion=1&');
    expect(log).toEqual([]);
  });

  it('CL-14: failures are retried with a back-off that grows and is reset by success', async () => {
    failing = new Error('down');
    const informer = start();
    await h.clock.advance(60_000);
    const attempts = h.transport.requests.length;
    expect(attempts).toBeGreaterThan(30);
    expect(attempts).toBeLessThan(70);
    failing = undefined;
    await h.clock.advance(10_000);
    expect(informer.synced).toBe(true);
  });

  it('CL-15: an object that stops to match the selector is deleted for the handler', async () => {
    const informer = start('spec.nodeName=node-1');
    await informer.whenSynced();
    await until(() => h.transport.watchCount === 1);
    await pods().create(pod('a', {}, 'node-1'));
    await bind('a', 'node-2');
    await until(() => log.length === 2);
    expect(log).toEqual(['+a', '-a']);
  });

  it('CL-16: a handler that throws hinders nobody; one added later gets all that is there', async () => {
    const informer = start();
    informer.addHandler({
      onAdd: () => {
        throw new Error('broken handler');
      },
    });
    await informer.whenSynced();
    await until(() => h.transport.watchCount === 1);
    await pods().create(pod('a'));
    await until(() => log.length === 1);
    const late: string[] = [];
    informer.addHandler({ onAdd: (p) => late.push(p.metadata.name) });
    expect(late).toEqual(['a']);
  });

  it('CL-17: long lists come in pages', async () => {
    for (let i = 0; i < 1100; i++) h.transport.store.put('/pods', `default/p${i}`, pod(`p${i}`));
    const informer = start();
    await informer.whenSynced();
    expect(informer.list()).toHaveLength(1100);
    expect(h.transport.requests.filter((r) => r.url.includes('limit=500'))).toHaveLength(3);
  });

  it('CL-17: a continue token that expired means one list without pages', async () => {
    h = harness({
      intercept: ({ url }) => {
        if (url.includes('continue=')) throw statusErrors.expired('The provided continue parameter is too old');
      },
    });
    for (let i = 0; i < 600; i++) h.transport.store.put('/pods', `default/p${i}`, pod(`p${i}`));
    const informer = start();
    await informer.whenSynced();
    expect(informer.list()).toHaveLength(600);
  });
});
