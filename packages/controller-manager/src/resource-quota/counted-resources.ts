/**
 * The resources that quotas can count, found by discovery when a quota first names one that is not known.
 */
import { type KubeObject, resourcePath } from '@regatta/api';
import type { ApiClient } from '@regatta/client';
import { type DiscoveredResource, discover } from '../discovery/discovery.ts';

export class CountedResources {
  #known: ReadonlyMap<string, DiscoveredResource> = new Map();

  constructor(readonly client: ApiClient) {}

  /** All objects of a resource in a namespace; undefined when nothing serves it. @throws StatusError */
  async list(group: string, resource: string, namespace: string): Promise<readonly KubeObject[] | undefined> {
    const found = await this.#find(group, resource);
    return found && (await this.client.resource(found).list({ namespace })).items;
  }

  /** How many there are, without reading them; undefined when nothing serves the resource. @throws StatusError */
  async count(group: string, resource: string, namespace: string): Promise<number | undefined> {
    const found = await this.#find(group, resource);
    if (!found) return undefined;
    const url = `${resourcePath(found, namespace)}?limit=1`;
    const page = (await this.client.request({ method: 'GET', url })) as {
      readonly items?: readonly unknown[];
      readonly metadata?: { readonly remainingItemCount?: number };
    };
    return (page.items?.length ?? 0) + (page.metadata?.remainingItemCount ?? 0);
  }

  async #find(group: string, resource: string): Promise<DiscoveredResource | undefined> {
    const id = `${resource}.${group}`;
    if (!this.#known.has(id)) {
      const { resources } = await discover(this.client);
      this.#known = new Map(resources.map((one) => [`${one.resource}.${one.group}`, one]));
    }
    const found = this.#known.get(id);
    return found?.namespaced && found.verbs.has('list') ? found : undefined;
  }
}
