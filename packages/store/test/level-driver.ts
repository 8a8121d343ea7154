/**
 * The LevelDB driver for the contract suite: each store in a temporary folder of its own.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock, silentLogger } from '@regatta/runtime';
import { openLevelStore, restoreStore, type Store, type StoreLimits } from '../src/mod.ts';
import type { Driver } from './contract/fixture.ts';

export function levelDriver(): Driver {
  const paths = new Map<Store, string>();
  const folders = new Set<string>();
  const openAt = async (path: string, limits: Partial<StoreLimits> = {}): Promise<Store> => {
    const store = await openLevelStore({ path, limits, clock: new FakeClock(), logger: silentLogger });
    paths.set(store, path);
    return store;
  };
  const folder = async (): Promise<string> => {
    const path = await mkdtemp(join(tmpdir(), 'regatta-store-'));
    folders.add(path);
    return path;
  };
  return {
    name: 'LevelDB',
    open: async (limits) => openAt(await folder(), limits),
    reopen: async (store, limits) => {
      await store.close();
      return openAt(paths.get(store) ?? '', limits);
    },
    restore: async (chunks) => {
      const path = await folder();
      await restoreStore({ path, chunks });
      return openAt(path);
    },
    cleanUp: async () => {
      await Promise.all([...paths.keys()].map((store) => store.close()));
      await Promise.all([...folders].map((path) => rm(path, { recursive: true, force: true })));
      paths.clear();
      folders.clear();
    },
  };
}
