/**
 * Object storages on real stores in temporary folders, and short readings of them.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConfigMap } from '@regatta/api';
import { FakeClock, silentLogger } from '@regatta/runtime';
import { openLevelStore, type Store, type StoreLimits } from '@regatta/store';
import { type ObjectStorage, openObjectStorage, type WatchItem } from '../../src/storage/mod.ts';

export const MAPS = '/registry/configmaps/';

export interface Opened {
  readonly storage: ObjectStorage;
  readonly store: Store;
  readonly clock: FakeClock;
  readonly path: string;
}

export class Storages {
  readonly #opened: Opened[] = [];
  readonly #paths = new Set<string>();

  async open(
    options: { path?: string; ringEvents?: number; limits?: Partial<StoreLimits>; time?: number } = {},
  ): Promise<Opened> {
    const path = options.path ?? (await mkdtemp(join(tmpdir(), 'regatta-storage-')));
    this.#paths.add(path);
    const clock = new FakeClock(options.time);
    const store = await openLevelStore({ path, clock, logger: silentLogger, limits: options.limits ?? {} });
    const ring = options.ringEvents === undefined ? {} : { ringEvents: options.ringEvents };
    const storage = await openObjectStorage({ store, clock, logger: silentLogger, ...ring });
    const opened = { storage, store, clock, path };
    this.#opened.push(opened);
    return opened;
  }

  /** @param time where its clock begins */
  async reopen(opened: Opened, time?: number): Promise<Opened> {
    await opened.storage.close();
    await opened.store.close();
    return this.open({ path: opened.path, ...(time === undefined ? {} : { time }) });
  }

  async cleanUp(): Promise<void> {
    for (const { storage, store } of this.#opened.splice(0)) {
      await storage.close();
      await store.close();
    }
    for (const path of this.#paths) await rm(path, { recursive: true, force: true });
    this.#paths.clear();
  }
}

export function configMap(name: string, value = '', namespace = 'default'): ConfigMap {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, uid: `uid-${name}` }, data: { value } };
}

export function keyOf(name: string, namespace = 'default'): string {
  return `${MAPS}${namespace}/${name}`;
}

export async function put(storage: ObjectStorage, name: string, value = '', namespace?: string): Promise<number> {
  const { stored } = await storage.update<ConfigMap>(keyOf(name, namespace), (current) =>
    current ? { ...current.object, data: { value } } : configMap(name, value, namespace),
  );
  return stored.revision;
}

export async function remove(storage: ObjectStorage, name: string): Promise<number> {
  return (await storage.update(keyOf(name), () => 'delete')).stored.revision;
}

/** `ADDED a=1@7`, `end@7`, `progress@9`: one line for each event and mark. */
export function lines(item: WatchItem): string[] {
  if (item.kind !== 'events') return [`${item.kind}@${item.revision}`];
  return item.events.map((event) => {
    const { metadata, data } = event.current.object as ConfigMap;
    const was = event.previous ? ` (was ${(event.previous.object as ConfigMap).data?.['value']})` : '';
    return `${event.type} ${metadata.name}=${data?.['value']}@${metadata.resourceVersion}${was}`;
  });
}

/** Reads a watch until it has said `count` lines. */
export async function take(watch: AsyncIterable<WatchItem>, count: number): Promise<string[]> {
  const seen: string[] = [];
  for await (const item of watch) {
    seen.push(...lines(item));
    if (seen.length >= count) break;
  }
  return seen;
}
