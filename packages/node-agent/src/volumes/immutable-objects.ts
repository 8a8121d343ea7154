/**
 * ConfigMaps and Secrets that say that they never change are read once for a Pod, as upstream's managers stop watching them
 * (pkg/kubelet/util/manager/watch_based_manager.go).
 */
import type { ConfigMap, Secret } from '@regatta/api';
import type { ObjectGetter } from '../api/ports.ts';
import type { VolumeSources } from './volume-content.ts';

export class ImmutableObjects {
  readonly #configMaps = new Map<string, ConfigMap>();
  readonly #secrets = new Map<string, Secret>();

  sources(sources: VolumeSources): VolumeSources {
    return {
      requestToken: sources.requestToken,
      configMaps: remembering(sources.configMaps, this.#configMaps),
      secrets: remembering(sources.secrets, this.#secrets),
    };
  }
}

function remembering<T extends ConfigMap | Secret>(objects: ObjectGetter<T>, known: Map<string, T>): ObjectGetter<T> {
  return {
    get: async (name, namespace) => {
      const object = known.get(name) ?? (await objects.get(name, namespace));
      if (object.immutable) known.set(name, object);
      return object;
    },
  };
}
