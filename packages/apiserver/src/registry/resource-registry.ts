/**
 * Every resource that is served, found by group, version and name (upstream: the storage maps of pkg/registry, one folder per group).
 *
 * Built from the schema facts and the strategies: a kind without a strategy is served by the generic rules. Custom resources
 * come and go; what is made from all that is served (discovery, OpenAPI) is made anew when `revision` moves.
 */
import type { GroupInfo, ResourceInfo, Schema } from '@regatta/api';
import { groupPriority } from '../aggregation/local-priorities.ts';
import type { Swagger } from '../openapi/merge-swagger.ts';
import { Resource } from './resource.ts';
import type { Strategy } from './strategy.ts';
import { compareVersions } from './version-priority.ts';

/** A version that an extension server serves: what documents say of it. */
export interface RemoteVersion {
  readonly group: string;
  readonly version: string;
  readonly groupPriority: number;
  readonly versionPriority: number;
  readonly available: boolean;
  /** Resources as aggregated discovery tells them; the last known ones of a version that isn't available. */
  readonly resources: readonly object[];
  /** Where its OpenAPI document is, when it has one. */
  readonly openApi?: string;
  /** What its document of version 2 says of this version. */
  readonly swagger?: Swagger;
}

/** What is served, for documents about it. */
export interface Catalog {
  /** Grows with every change. */
  readonly revision: number;
  readonly resources: readonly ResourceInfo[];
  /** The core group first. */
  readonly groups: readonly GroupInfo[];
  /** Those that definitions made. */
  readonly customResources: readonly Resource[];
  /** Those that extension servers serve. */
  readonly remote: readonly RemoteVersion[];
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
  #remote: readonly RemoteVersion[] = [];
  readonly #builtIn = new Set<string>();
  #revision = 0;
  readonly #byVersion = new Map<string, Map<string, Resource>>();
  readonly #byKind = new Map<string, Resource>();
  /** Of built-in resources, which never change. */
  readonly #equivalents = new Map<Resource, readonly Resource[]>();
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
    const local = mergedGroups(this.schema.groups, [...this.#custom.values()]);
    return this.#remote.length === 0 ? local : withRemote(local, this.schema.groups.length, this.#remote);
  }

  get remote(): readonly RemoteVersion[] {
    return this.#remote;
  }

  /** Puts these in the place of all that extension servers served so far. */
  announce(remote: readonly RemoteVersion[]): void {
    this.#remote = remote;
    this.#revision++;
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

  /** The same resource in the other versions in which it is served. */
  equivalents(resource: Resource): readonly Resource[] {
    const { hub } = resource;
    if (resource.custom) {
      const versions = this.#custom.get(`${hub.group}/${hub.resource}`)?.versions ?? [];
      return versions.filter((version) => version !== resource);
    }
    const known = this.#equivalents.get(resource);
    if (known) return known;
    const found = [...this].filter(
      (other) => other !== resource && other.hub.group === hub.group && other.hub.resource === hub.resource,
    );
    this.#equivalents.set(resource, found);
    return found;
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

/** Groups of extension servers stand among the others by priority; their versions behind local ones of the same group. */
function withRemote(local: readonly GroupInfo[], builtIn: number, remote: readonly RemoteVersion[]): GroupInfo[] {
  const ranked = local.map((group, i) => ({ group, priority: groupPriority(group.name, i < builtIn) }));
  for (const [name, versions] of byGroup(remote)) {
    const at = ranked.findIndex(({ group }) => group.name === name);
    const known = at < 0 ? undefined : ranked[at]?.group;
    const more = versions.filter(({ version }) => !known?.versions.includes(version)).map(({ version }) => version);
    const priority = Math.max(...versions.map((version) => version.groupPriority));
    const all = [...(known?.versions ?? []), ...more];
    const group = { name, versions: all, preferred: known?.preferred ?? all[0] ?? '' };
    if (at >= 0) ranked[at] = { group, priority: ranked[at]?.priority ?? priority };
    else ranked.splice(placeOf(ranked, name, priority), 0, { group, priority });
  }
  return ranked.map(({ group }) => group);
}

/** The versions of each group, by priority. */
function byGroup(remote: readonly RemoteVersion[]): Map<string, RemoteVersion[]> {
  const groups = new Map<string, RemoteVersion[]>();
  const sorted = [...remote].sort(
    (a, b) => b.versionPriority - a.versionPriority || compareVersions(a.version, b.version),
  );
  for (const version of sorted) groups.set(version.group, [...(groups.get(version.group) ?? []), version]);
  return groups;
}

function placeOf(ranked: readonly { group: GroupInfo; priority: number }[], name: string, priority: number): number {
  const at = ranked.findIndex((one) => one.priority < priority || (one.priority === priority && one.group.name > name));
  return at < 0 ? ranked.length : at;
}
