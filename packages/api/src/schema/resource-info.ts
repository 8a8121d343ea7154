/**
 * A resource as it is served, and where its objects are stored.
 */
import type { RawFacts, RawResource } from './raw-facts.ts';

export interface SubresourceInfo {
  readonly name: string;
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly verbs: ReadonlySet<string>;
  /** Undefined for kinds that only carry query parameters (PodExecOptions …). */
  readonly typeId: string | undefined;
}

export interface ResourceInfo {
  readonly group: string;
  readonly version: string;
  /** Plural, lower case. */
  readonly resource: string;
  readonly kind: string;
  /** Where it isn't the kind with List behind it. */
  readonly listKind?: string;
  readonly singularName: string;
  readonly namespaced: boolean;
  readonly verbs: ReadonlySet<string>;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly storageVersionHash: string | undefined;
  readonly typeId: string;
  readonly subresources: ReadonlyMap<string, SubresourceInfo>;
  /** Group and version under which all versions of this resource are stored; Events of both groups share one place. */
  readonly storageGroup: string;
  readonly storageVersion: string;
  /** Made by a CustomResourceDefinition. */
  readonly custom?: true;
}

export interface GroupInfo {
  readonly name: string;
  readonly versions: readonly string[];
  readonly preferred: string;
}

/** Served groups; the core group, which the facts leave out, comes first. */
export function groupInfos(facts: RawFacts): GroupInfo[] {
  return [{ name: '', versions: ['v1'], preferred: 'v1' }, ...facts.groups];
}

export function resourceInfos(
  facts: RawFacts,
  typeIdOf: (group: string, version: string, kind: string) => string | undefined,
): ResourceInfo[] {
  const main = facts.resources.filter((r) => !r.name.includes('/'));
  return main.map((raw) => {
    const typeId = typeIdOf(raw.group, raw.version, raw.kind);
    if (typeId === undefined) throw new Error(`facts: no type for ${raw.group}/${raw.version} ${raw.kind}`);
    return {
      group: raw.group,
      version: raw.version,
      resource: raw.name,
      kind: raw.kind,
      singularName: raw.singularName,
      namespaced: raw.namespaced,
      verbs: new Set(raw.verbs),
      shortNames: raw.shortNames ?? [],
      categories: raw.categories ?? [],
      storageVersionHash: raw.storageVersionHash,
      typeId,
      subresources: subresources(facts, raw, typeIdOf),
      ...storageOf(facts, main, raw),
    };
  });
}

function subresources(
  facts: RawFacts,
  parent: RawResource,
  typeIdOf: (group: string, version: string, kind: string) => string | undefined,
): Map<string, SubresourceInfo> {
  const found = new Map<string, SubresourceInfo>();
  for (const raw of facts.resources) {
    const [resource, name] = raw.name.split('/');
    if (name === undefined || resource !== parent.name || !servedBeside(parent, raw)) continue;
    const group = raw.responseGroup ?? raw.group;
    const version = raw.responseVersion ?? raw.version;
    found.set(name, {
      name,
      group,
      version,
      kind: raw.kind,
      verbs: new Set(raw.verbs),
      typeId: typeIdOf(group, version, raw.kind),
    });
  }
  return found;
}

/** Kinds of other groups that core resources have as subresources. */
const FOREIGN_SUBRESOURCES: ReadonlySet<string> = new Set([
  'pods/eviction',
  'serviceaccounts/token',
  'replicationcontrollers/scale',
]);

function servedBeside(parent: RawResource, sub: RawResource): boolean {
  if (FOREIGN_SUBRESOURCES.has(sub.name)) return parent.group === '';
  return sub.group === parent.group && sub.version === parent.version;
}

function storageOf(
  facts: RawFacts,
  all: readonly RawResource[],
  raw: RawResource,
): { storageGroup: string; storageVersion: string } {
  if (raw.group === 'events.k8s.io') return { storageGroup: '', storageVersion: 'v1' };
  const served = all.filter((r) => r.group === raw.group && r.name === raw.name).map((r) => r.version);
  const order = groupInfos(facts).find((g) => g.name === raw.group)?.versions ?? [];
  return { storageGroup: raw.group, storageVersion: order.find((v) => served.includes(v)) ?? raw.version };
}
