import type { ConfigMap, KubeObject } from '@regatta/api';
import { decode } from '@regatta/bus';
import { yieldToEventLoop } from '@regatta/runtime';
import { afterEach, describe, expect, it } from 'vitest';
import type { ObjectEvent } from '../../src/storage/mod.ts';
import { keyOf, MAPS, put, remove, Storages, take } from './fixture.ts';

describe('object storage: watches', () => {
  const storages = new Storages();
  afterEach(() => storages.cleanUp());
  const { signal } = new AbortController();

  it('STO-13: a watch sees every event after its start once, in order, with both states', async () => {
    const { storage } = await storages.open();
    await put(storage, 'a', '1');
    const watch = storage.watch(MAPS, { initialEvents: false, signal });
    await put(storage, 'a', '2');
    await put(storage, 'b', '1', 'other');
    await remove(storage, 'a');
    expect(await take(watch, 3)).toEqual(['MODIFIED a=2@2 (was 1)', 'ADDED b=1@3', 'DELETED a=2@4 (was 2)']);
    const one = storage.watch(`${MAPS}other/`, { sinceRevision: 0, initialEvents: false, signal });
    expect(await take(one, 1)).toEqual(['ADDED b=1@3']);
  });

  it('STO-14: with initial events the state comes first, then a mark, then what follows', async () => {
    const { storage } = await storages.open();
    await put(storage, 'b', '1');
    await put(storage, 'a', '2');
    const watch = storage.watch(MAPS, { initialEvents: true, signal });
    await put(storage, 'a', '3');
    expect(await take(watch, 4)).toEqual(['ADDED a=2@2', 'ADDED b=1@1', 'initial-end@2', 'MODIFIED a=3@3 (was 2)']);
  });

  it.each([
    ['memory', 1000],
    ['the log', 3],
  ])('STO-15: a watch resumes from %s, from any uncompacted revision', async (_, ringEvents) => {
    const { storage } = await storages.open({ ringEvents, limits: { logStep: 4 } });
    for (let i = 1; i <= 30; i++) await put(storage, `m${i % 4}`, String(i));
    const watch = storage.watch(MAPS, { sinceRevision: 10, initialEvents: false, signal });
    await put(storage, 'm1', 'last');
    const seen = await take(watch, 21);
    expect(seen[0]).toBe('MODIFIED m3=11@11 (was 7)');
    expect(seen.map((line) => Number(/@(\d+)/.exec(line)?.[1]))).toEqual(Array.from({ length: 21 }, (_, i) => i + 11));
  });

  it('STO-15: a watch goes on after a restart', async () => {
    const first = await storages.open();
    for (let i = 1; i <= 4; i++) await put(first.storage, 'a', String(i));
    await remove(first.storage, 'a');
    const { storage } = await storages.reopen(first);
    const watch = storage.watch(MAPS, { sinceRevision: 2, initialEvents: false, signal });
    await put(storage, 'a', '6');
    expect(await take(watch, 4)).toEqual([
      'MODIFIED a=3@3 (was 2)',
      'MODIFIED a=4@4 (was 3)',
      'DELETED a=4@5 (was 4)',
      'ADDED a=6@6',
    ]);
  });

  it('STO-16: events that are compacted are refused with compacted', async () => {
    const { storage, store } = await storages.open();
    for (let i = 1; i <= 5; i++) await put(storage, 'a', String(i));
    await store.compact(3);
    expect(() => storage.watch(MAPS, { sinceRevision: 2, initialEvents: false, signal })).toThrowError(
      expect.objectContaining({ code: 'compacted' }),
    );
    expect(await take(storage.watch(MAPS, { sinceRevision: 3, initialEvents: false, signal }), 2)).toHaveLength(2);
  });

  it('STO-17: a watcher that stops reading is caught up from the log; others and writers never wait', async () => {
    const { storage } = await storages.open({ ringEvents: 5 });
    const slow = storage.watch(MAPS, { initialEvents: false, signal })[Symbol.asyncIterator]();
    const first = slow.next();
    await put(storage, 'a', '0');
    await first;
    const quick = take(storage.watch(MAPS, { initialEvents: false, signal }), 50);
    for (let i = 1; i <= 50; i++) await put(storage, 'a', String(i));
    expect(await quick).toHaveLength(50);
    const rest = await take({ [Symbol.asyncIterator]: () => slow }, 50);
    expect(rest.map((line) => line.split('=')[1]?.split('@')[0])).toEqual(
      Array.from({ length: 50 }, (_, i) => `${i + 1}`),
    );
  });

  it('STO-18: an idle watch says how far it is when other things were written', async () => {
    const { storage, clock } = await storages.open();
    const watch = take(storage.watch('/registry/pods/', { initialEvents: false, signal }), 1);
    await yieldToEventLoop();
    await put(storage, 'a', '1');
    await put(storage, 'a', '2');
    await clock.advance(1000);
    expect(await watch).toEqual(['progress@2']);
  });

  it('STO-22: a watch with a trigger sees what has or had its value, however much else happens meanwhile', async () => {
    const { storage } = await storages.open({ ringEvents: 5, limits: { logStep: 3 } });
    const trigger = { valueIn: (object: KubeObject) => (object as ConfigMap).data?.['value'], value: 'mine' };
    await put(storage, 'old', 'mine');
    await put(storage, 'other', 'x');
    const seen = take(storage.watch(MAPS, { initialEvents: true, trigger, signal }), 5);
    await yieldToEventLoop();
    for (let i = 0; i < 20; i++) await put(storage, 'other', String(i));
    await put(storage, 'other', 'mine');
    for (let i = 0; i < 20; i++) await put(storage, 'third', String(i));
    await put(storage, 'other', 'theirs');
    await remove(storage, 'third');
    await remove(storage, 'old');
    expect(await seen).toEqual([
      'ADDED old=mine@1',
      'initial-end@2',
      'MODIFIED other=mine@23 (was 19)',
      'MODIFIED other=theirs@44 (was mine)',
      'DELETED old=mine@46 (was mine)',
    ]);
  });

  it('STO-19: frames are shared by all watchers of an encoding', async () => {
    const { storage } = await storages.open();
    const events: ObjectEvent[] = [];
    const stop = storage.onEvent(MAPS, (event) => events.push(event));
    await put(storage, 'a', 'ä');
    stop();
    await put(storage, 'a', '2');
    const [event] = events;
    expect(events).toHaveLength(1);
    const object = storage.get(keyOf('a'))?.object;
    expect(object).toBeDefined();
    const text = Buffer.from(event?.frame('json', 'MODIFIED') ?? []).toString();
    expect(text.endsWith('}}\n')).toBe(true);
    expect(JSON.parse(text)).toEqual({ type: 'MODIFIED', object: event?.current.object });
    expect(decode(event?.frame('msgpack', 'ADDED') ?? new Uint8Array())).toEqual(['ADDED', event?.current.object]);
    expect(event?.frame('json', 'MODIFIED')).toBe(event?.frame('json', 'MODIFIED'));
  });

  it('STO-20: listeners hear of an event before the writer goes on; one that throws harms nobody', async () => {
    const { storage } = await storages.open();
    const log: string[] = [];
    storage.onEvent('/registry/', () => {
      throw new Error('defect');
    });
    storage.onEvent(`${MAPS}default/`, (event) =>
      log.push(`${event.type} ${storage.get(event.current.key)?.revision}`),
    );
    await put(storage, 'a').then(() => log.push('written'));
    await put(storage, 'a', '', 'other');
    expect(log).toEqual(['ADDED 1', 'written']);
  });

  it('STO-21: a watch ends with its signal, and fails with closed when the storage closes', async () => {
    const { storage } = await storages.open();
    const controller = new AbortController();
    const ended = take(storage.watch(MAPS, { initialEvents: false, signal: controller.signal }), 1);
    const failed = expect(take(storage.watch(MAPS, { initialEvents: false, signal }), 1)).rejects.toMatchObject({
      code: 'closed',
    });
    await yieldToEventLoop();
    controller.abort();
    expect(await ended).toEqual([]);
    await storage.close();
    await failed;
  });
});
