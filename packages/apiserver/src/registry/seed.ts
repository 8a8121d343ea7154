/**
 * Objects that the server itself puts into a cluster, past admission and validation: nobody is there yet to ask, or the
 * server asked already.
 */
import type { KubeObject } from '@regatta/api';
import type { ServerContext } from '../server/context.ts';
import { StorageError, storageKey } from '../storage/object-storage.ts';
import { fillSystemFields } from './object-metadata.ts';
import type { ResourceRegistry } from './resource-registry.ts';

export class Seed {
  constructor(
    readonly server: Pick<ServerContext, 'storage' | 'clock' | 'random'>,
    readonly resources: ResourceRegistry,
  ) {}

  /** Creates what is missing. */
  async ensure(group: string, resource: string, object: KubeObject): Promise<void> {
    const key = this.#key(group, resource, object);
    if (this.server.storage.get(key)) return;
    await this.server.storage.create(key, this.fresh(group, resource, object)).catch(ignoreExists);
  }

  /** Creates what is missing, and puts right what says something else. */
  async replace(group: string, resource: string, object: KubeObject): Promise<void> {
    const key = this.#key(group, resource, object);
    const fresh = this.fresh(group, resource, object);
    await this.server.storage.update(key, (current) => {
      if (!current) return fresh;
      const wanted = { ...current.object, ...fresh, metadata: current.object.metadata };
      return JSON.stringify(wanted) === JSON.stringify(current.object) ? 'unchanged' : wanted;
    });
  }

  /** Removes what is there. */
  async remove(group: string, resource: string, namespace: string | undefined, name: string): Promise<void> {
    const { storage } = this.server;
    const key = storageKey(group, resource, namespace, name);
    if (!storage.get(key)) return;
    await storage
      .update(key, () => 'delete')
      .catch((error: unknown) => {
        // Somebody else was faster.
        if (storage.get(key)) throw error;
      });
  }

  #key(group: string, resource: string, object: KubeObject): string {
    return storageKey(group, resource, object.metadata.namespace, object.metadata.name);
  }

  /** The object as it is stored first: defaulted, with a uid. */
  fresh<T extends KubeObject>(group: string, resource: string, object: T): T {
    const version = object.apiVersion?.split('/').at(-1) ?? '';
    const fresh = structuredClone(object);
    this.resources.get(group, version, resource)?.applyDefaults(fresh);
    fillSystemFields(fresh, this.server.clock.now(), this.server.random);
    return fresh;
  }
}

function ignoreExists(error: unknown): void {
  if (!(error instanceof StorageError && error.code === 'exists')) throw error;
}
