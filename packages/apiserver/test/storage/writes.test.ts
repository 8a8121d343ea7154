import type { ConfigMap, ObjectMeta } from '@regatta/api';
import { afterEach, describe, expect, it } from 'vitest';
import { storageKey } from '../../src/storage/mod.ts';
import { configMap, keyOf, MAPS, put, remove, Storages } from './fixture.ts';

describe('object storage: writes', () => {
  const storages = new Storages();
  afterEach(() => storages.cleanUp());

  it('STO-1: a created object has its revision as resourceVersion, and is read at once', async () => {
    const { storage } = await storages.open();
    const stored = await storage.create(keyOf('a'), configMap('a', '1'));
    expect(stored.revision).toBe(1);
    expect(stored.object).toEqual({
      ...configMap('a', '1'),
      metadata: { name: 'a', namespace: 'default', uid: 'uid-a', resourceVersion: '1' },
    });
    expect(storage.get(keyOf('a'))).toBe(stored);
    expect(storage.get(keyOf('b'))).toBeUndefined();
  });

  it('STO-1: the object that is given is not changed, and resourceVersion stands after uid', async () => {
    const { storage } = await storages.open();
    const metadata: ObjectMeta = { name: 'a', namespace: 'default', uid: 'u', labels: { a: 'b' } };
    const object: ConfigMap = Object.freeze({ ...configMap('a'), metadata: Object.freeze(metadata) });
    const stored = await storage.create(keyOf('a'), object);
    expect(Object.keys(stored.object.metadata)).toEqual(['name', 'namespace', 'uid', 'resourceVersion', 'labels']);
  });

  it('STO-2: creating what exists is refused with exists', async () => {
    const { storage } = await storages.open();
    await storage.create(keyOf('a'), configMap('a', '1'));
    await expect(storage.create(keyOf('a'), configMap('a', '2'))).rejects.toMatchObject({ code: 'exists' });
    expect(storage.get<ConfigMap>(keyOf('a'))?.object.data).toEqual({ value: '1' });
  });

  it('STO-3: updates that meet are decided again until each is on top of the other', async () => {
    const { storage } = await storages.open();
    await put(storage, 'a', '0');
    let decisions = 0;
    await Promise.all(
      Array.from({ length: 20 }, () =>
        storage.update<ConfigMap>(keyOf('a'), async (current) => {
          decisions++;
          const value = Number(current?.object.data?.['value']) + 1;
          return { ...configMap('a'), data: { value: String(value) } };
        }),
      ),
    );
    expect(storage.get<ConfigMap>(keyOf('a'))?.object.data).toEqual({ value: '20' });
    expect(storage.currentRevision).toBe(21);
    expect(decisions).toBeGreaterThan(20);
  });

  it('STO-3: an update says what it did', async () => {
    const { storage } = await storages.open();
    const key = keyOf('a');
    expect((await storage.update(key, () => configMap('a'))).outcome).toBe('created');
    expect((await storage.update(key, () => configMap('a', '2'))).outcome).toBe('updated');
    const unchanged = await storage.update(key, () => 'unchanged');
    expect([unchanged.outcome, unchanged.stored.revision, storage.currentRevision]).toEqual(['unchanged', 2, 2]);
    await expect(storage.update(keyOf('b'), () => 'delete')).rejects.toBeInstanceOf(RangeError);
  });

  it('STO-3: what the update throws is thrown, and nothing is written', async () => {
    const { storage } = await storages.open();
    const refuse = (): never => {
      throw new Error('no');
    };
    await expect(storage.update(keyOf('a'), refuse)).rejects.toThrow('no');
    expect(storage.currentRevision).toBe(0);
  });

  it('STO-3: an update that always loses gives up as contended', async () => {
    const { storage } = await storages.open();
    await put(storage, 'a', '0');
    let attempts = 0;
    const losing = storage.update<ConfigMap>(keyOf('a'), async (current) => {
      await put(storage, 'a', `other ${attempts++}`);
      return { ...configMap('a'), data: { value: String(current?.revision) } };
    });
    await expect(losing).rejects.toMatchObject({ code: 'contended' });
    expect(attempts).toBe(100);
  });

  it("STO-4: a deletion's last state carries the revision of the deletion", async () => {
    const { storage } = await storages.open();
    await put(storage, 'a', '1');
    const { stored, outcome } = await storage.update(keyOf('a'), () => 'delete');
    expect(outcome).toBe('deleted');
    expect([stored.revision, stored.object.metadata.resourceVersion]).toEqual([2, '2']);
    expect(storage.get(keyOf('a'))).toBeUndefined();
  });

  it('STO-5: everything is there again after a restart, with the same resourceVersions', async () => {
    const first = await storages.open();
    for (let i = 0; i < 50; i++) await put(first.storage, `m${i}`, String(i));
    await remove(first.storage, 'm7');
    await put(first.storage, 'm8', 'changed');
    const before = await first.storage.list(MAPS, {});
    const { storage } = await storages.reopen(first);
    const after = await storage.list(MAPS, {});
    expect(after.items.map((item) => item.object)).toEqual(before.items.map((item) => item.object));
    expect(after.revision).toBe(52);
    expect(storage.get(keyOf('m8'))?.object.metadata.resourceVersion).toBe('52');
  });

  it('STO-6: bytes are the whole object, made once for each encoding', async () => {
    const { storage } = await storages.open();
    const stored = await storage.create(keyOf('a'), configMap('a', 'ä'));
    const json = stored.bytes('json');
    expect(JSON.parse(Buffer.from(json).toString())).toEqual(stored.object);
    expect(stored.bytes('json')).toBe(json);
    expect(stored.bytes('msgpack')).toBe(stored.bytes('msgpack'));
  });

  it('STO-7: keys name group, resource, namespace and object', () => {
    expect(storageKey('', 'pods', 'default', 'a')).toBe('/registry/pods/default/a');
    expect(storageKey('apps', 'deployments', 'default')).toBe('/registry/apps/deployments/default/');
    expect(storageKey('', 'nodes', undefined, 'n')).toBe('/registry/nodes/n');
    expect(storageKey('storage.k8s.io', 'storageclasses')).toBe('/registry/storage.k8s.io/storageclasses/');
  });
});
