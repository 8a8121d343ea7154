/**
 * Every resource that is served, found by group, version and name (upstream: the storage maps of pkg/registry, one folder per group).
 *
 * Built from the schema facts and the strategies: a kind without a strategy is served by the generic rules. Custom resources
 * come and go; what is made from all that is served (discovery, OpenAPI) is made anew when `revision` moves.
 */
import type { GroupInfo, ResourceInfo, Schema } from '@regatta/api';
import { Resource } from './resource.ts';
import type { Strategy } from './strategy.ts';
import { compareVersions } from './version-priority.ts';

/** What is served, for documents about it. */
export interface Catalog {
  /** Grows with every change. */
  readonly revision: number;
  readonly resources: readonly ResourceInfo[];
  /** The core group first. */
  readonly groups: readonly GroupInfo[];
  /** Those that definitions made. */
  readonly customResources: readonly Resource[];
}

/** A definition's share: its served versions. */
export interface CustomKind {
  readonly group: string;
  readonly resource: string;
  /** In the order of their priority. */
  readonly versions: readonly Resource[];
}

export class ResourceRegistry implements Catalog {
  readonly #custom = new Map<string, CustomKind>();
  readonly #builtIn = new Set<string>();
  #revision = 0;
  readonly #byVersion = new Map<string, Map<string, Resource>>();
  readonly #byKind = new Map<string, Resource>();
  readonly #groups = new Set<string>();

  constructor(
    readonly schema: Schema,
    strategies: ReadonlyMap<string, Strategy>,
  ) {
    for (const info of schema.resources) this.#add(info, strategies);
    for (const version of this.#byVersion.keys()) this.#builtIn.add(version);
  }

  get revision(): number {
    return this.#revision;
  }

  get resources(): readonly ResourceInfo[] {
    return [...this.schema.resources, ...this.customResources.map(({ info }) => info)];
  }

  get customResources(): readonly Resource[] {
    return [...this.#custom.values()].flatMap(({ versions }) => versions);
  }

  get groups(): readonly GroupInfo[] {
    return mergedGroups(this.schema.groups, [...this.#custom.values()]);
  }

  /** The kind that a definition made; undefined when it isn't served. */
  customKind(group: string, resource: string): CustomKind | undefined {
    return this.#custom.get(`${group}/${resource}`);
  }

  /** Puts a custom kind in the place of what was served under its name. Built-in versions are never replaced. */
  serve(kind: CustomKind): void {
    this.withdraw(kind.group, kind.resource);
    const versions = kind.versions.filter(({ info }) => !this.#builtIn.has(`${info.group}/${info.version}`));
    this.#custom.set(`${kind.group}/${kind.resource}`, { ...kind, versions });
    for (const resource of versions) this.#place(resource);
    this.#revision++;
  }

  withdraw(group: string, resource: string): void {
    const kind = this.#custom.get(`${group}/${resource}`);
    if (!kind) return;
    this.#custom.delete(`${group}/${resource}`);
    for (const { info } of kind.versions) this.#remove(info);
    this.#revision++;
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
    this.#place(new Resource({ types: this.schema, info, hubInfo, strategy }));
  }

  #place(resource: Resource): void {
    const { info } = resource;
    const version = `${info.group}/${info.version}`;
    const resources = this.#byVersion.get(version) ?? new Map<string, Resource>();
    resources.set(info.resource, resource);
    this.#byVersion.set(version, resources);
    this.#byKind.set(`${version}/${info.kind}`, resource);
    this.#groups.add(info.group);
  }

  #remove(info: ResourceInfo): void {
    const version = `${info.group}/${info.version}`;
    const resources = this.#byVersion.get(version);
    resources?.delete(info.resource);
    this.#byKind.delete(`${version}/${info.kind}`);
    if (resources?.size === 0) this.#byVersion.delete(version);
    const prefix = `${info.group}/`;
    if (![...this.#byVersion.keys()].some((known) => known.startsWith(prefix))) this.#groups.delete(info.group);
  }

  #hubOf(info: ResourceInfo): ResourceInfo {
    return this.schema.resource(info.storageGroup, info.storageVersion, info.resource) ?? info;
  }
}

/** Built-in groups keep their place; versions of a custom group stand by priority. */
function mergedGroups(builtIn: readonly GroupInfo[], custom: readonly CustomKind[]): GroupInfo[] {
  const versions = new Map<string, Set<string>>();
  for (const { group, versions: served } of custom) {
    const known = versions.get(group) ?? new Set<string>();
    for (const { version } of served) known.add(version);
    if (known.size > 0) versions.set(group, known);
  }
  const extended = builtIn.map((group) => {
    const more = [...(versions.get(group.name) ?? [])].filter((version) => !group.versions.includes(version));
    versions.delete(group.name);
    return more.length === 0 ? group : { ...group, versions: [...group.versions, ...more.sort(compareVersions)] };
  });
  const names = [...versions.keys()].sort();
  const groups = names.map((name) => {
    const sorted = [...(versions.get(name) ?? [])].sort(compareVersions);
    return { name, versions: sorted, preferred: sorted[0] ?? '' };
  });
  return [...extended, ...groups];
}
