/**
 * Every resource that is served, found by group, version and name (upstream: the storage maps of pkg/registry, one folder per group).
 *
 * Built from the schema facts and the strategies: a kind without a strategy is served by the generic rules.
 */
import type { ResourceInfo, Schema } from '@regatta/api';
import { Resource } from './resource.ts';
import type { Strategy } from './strategy.ts';

export class ResourceRegistry {
  readonly #byVersion = new Map<string, Map<string, Resource>>();
  readonly #byKind = new Map<string, Resource>();
  readonly #groups = new Set<string>();

  constructor(
    readonly schema: Schema,
    strategies: ReadonlyMap<string, Strategy>,
  ) {
    for (const info of schema.resources) this.#add(info, strategies);
  }

  get(group: string, version: string, resource: string): Resource | undefined {
    return this.#byVersion.get(`${group}/${version}`)?.get(resource);
  }

  /** The resource of a kind in one version. */
  ofKind(group: string, version: string, kind: string): Resource | undefined {
    return this.#byKind.get(`${group}/${version}/${kind}`);
  }

  hasGroup(group: string): boolean {
    return this.#groups.has(group);
  }

  hasVersion(group: string, version: string): boolean {
    return this.#byVersion.has(`${group}/${version}`);
  }

  *[Symbol.iterator](): Iterator<Resource> {
    for (const resources of this.#byVersion.values()) yield* resources.values();
  }

  #add(info: ResourceInfo, strategies: ReadonlyMap<string, Strategy>): void {
    const hubInfo = this.#hubOf(info);
    const strategy = strategies.get(`${hubInfo.group}/${hubInfo.resource}`) ?? {};
    const resource = new Resource({ schema: this.schema, info, hubInfo, strategy });
    const version = `${info.group}/${info.version}`;
    const resources = this.#byVersion.get(version) ?? new Map<string, Resource>();
    resources.set(info.resource, resource);
    this.#byVersion.set(version, resources);
    this.#byKind.set(`${version}/${info.kind}`, resource);
    this.#groups.add(info.group);
  }

  #hubOf(info: ResourceInfo): ResourceInfo {
    return this.schema.resource(info.storageGroup, info.storageVersion, info.resource) ?? info;
  }
}
