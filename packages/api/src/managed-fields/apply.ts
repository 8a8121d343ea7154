/**
 * Server-side apply: what an object is and who owns it after someone applied a configuration
 * (upstream: k8s.io/apimachinery/pkg/util/managedfields/internal and structured-merge-diff merge/update.go).
 *
 * - The applier owns exactly what its configuration mentions.
 * - What it applied before and no longer does goes, unless someone else owns it.
 * - A value that differs from what another manager owns is a conflict, or, with force, taken from that manager.
 */
import type { ManagedFieldsEntry } from '../generated/kinds.ts';
import { jsonEqual } from '../json/json-equal.ts';
import type { TypeSource } from '../schema/decoder.ts';
import { changedFields } from './compare.ts';
import { type Conflict, conflictError } from './conflict.ts';
import { byOrder, treeOf, withTree } from './entries.ts';
import { type FieldPlan, fieldPlan, planWithout } from './field-plan.ts';
import { fieldSetOf, reconciled, withNamedFields } from './field-set.ts';
import { difference, type FieldTree, intersection, LEAF, sortTree, union } from './field-tree.ts';
import { allowedByLastApplied } from './last-applied.ts';
import { mergeConfig } from './merge-config.ts';
import { removeFields } from './remove-fields.ts';
import { UNOWNED_FIELDS } from './unowned-fields.ts';

/** The versions in which entries and objects can stand. */
export interface ApplyVersions {
  readonly types: TypeSource;
  /** The type of the kind in this version; undefined for a version that isn't served. */
  typeId(apiVersion: string): string | undefined;
  /** A new object; the argument isn't changed. */
  convert(object: object, from: string, to: string): object;
}

export interface ApplyRequest {
  readonly versions: ApplyVersions;
  /** Of the request and of `live` and `config`. */
  readonly apiVersion: string;
  /** What stands, or an empty object of the kind. */
  readonly live: object;
  /** Its owners; for an object that nobody owned yet, those that upstream makes up. */
  readonly entries: readonly ManagedFieldsEntry[];
  /** Checked to be of its type. */
  readonly config: object;
  readonly manager: string;
  readonly subresource: string;
  readonly force: boolean;
  /** RFC 3339, whole seconds. */
  readonly now: string;
  /** Fields that this write can't set. */
  readonly resetFields: readonly (readonly string[])[];
}

export interface Applied {
  /** The object as wanted, neither decoded nor defaulted; undefined when it is the live one. */
  readonly object: object | undefined;
  readonly managedFields: ManagedFieldsEntry[];
}

/** The client whose annotation of what it applied counts as ownership. */
const KUBECTL = 'kubectl';

/** @throws StatusError 409 with a cause for each field that others own */
export function applyConfig(request: ApplyRequest): Applied {
  const apply = new Application(request);
  const { conflicts } = apply;
  if (request.force || conflicts.length === 0) return apply.result();
  if (request.manager !== KUBECTL) throw conflictError(conflicts);
  const allowed = allowedByLastApplied(request, apply.plan);
  if (!allowed) throw conflictError(conflicts);
  const remaining = conflicts.flatMap(({ entry, fields }) => {
    const rest = difference(fields, allowed);
    return rest ? [{ entry, fields: rest }] : [];
  });
  if (remaining.length > 0) throw conflictError(remaining);
  return apply.result();
}

interface Change {
  readonly changed: FieldTree | undefined;
  readonly removed: FieldTree | undefined;
}

class Application {
  readonly plan: FieldPlan;
  readonly conflicts: Conflict[] = [];
  private readonly own: ManagedFieldsEntry | undefined;
  private readonly others: ManagedFieldsEntry[];
  /** All that the configuration mentions, also its name: what keeps the object's metadata in place. */
  private readonly mentioned: FieldTree | undefined;
  private readonly owned: FieldTree | undefined;
  private readonly merged: object;
  private readonly changes = new Map<string, Change>();

  constructor(private readonly request: ApplyRequest) {
    const { apiVersion, live, config, entries, resetFields } = request;
    this.plan = this.planAt(apiVersion);
    const known = entries.flatMap((entry) => this.reconciled(entry));
    this.own = known.find((entry) => this.isOwn(entry));
    this.others = known.filter((entry) => entry !== this.own);
    this.mentioned = fieldSetOf(planWithout(this.plan, resetFields), config);
    this.owned = this.mentioned && difference(this.mentioned, UNOWNED_FIELDS);
    this.merged = this.prune(mergeConfig(this.plan, live, config) as object);
    for (const entry of this.others) {
      const { changed } = this.changeAt(entry.apiVersion ?? '');
      const fields = changed && intersection(treeOf(entry), changed);
      if (fields) this.conflicts.push({ entry, fields });
    }
  }

  /** What the write leads to, whoever loses fields by it. */
  result(): Applied {
    const object = jsonEqual(this.merged, this.request.live) ? undefined : this.merged;
    const others = this.others.flatMap((entry) => this.rest(entry));
    const entries = this.owned ? [...others, this.ownEntry(this.owned, object !== undefined)] : others;
    return { object, managedFields: entries.sort(byOrder) };
  }

  private ownEntry(fields: FieldTree, changed: boolean): ManagedFieldsEntry {
    const { manager, apiVersion, subresource, now } = this.request;
    const time = changed ? now : this.own?.time;
    return {
      manager,
      operation: 'Apply',
      apiVersion,
      ...(time === undefined ? {} : { time }),
      fieldsType: 'FieldsV1',
      fieldsV1: sortTree(fields) as Record<string, unknown>,
      ...(subresource === '' ? {} : { subresource }),
    };
  }

  /** Appliers are one across versions. */
  private isOwn(entry: ManagedFieldsEntry): boolean {
    const { manager, subresource } = this.request;
    return entry.operation === 'Apply' && entry.manager === manager && (entry.subresource ?? '') === subresource;
  }

  /** Entries of versions that are no longer served are dropped. */
  private reconciled(entry: ManagedFieldsEntry): ManagedFieldsEntry[] {
    if (this.request.versions.typeId(entry.apiVersion ?? '') === undefined) return [];
    const tree = reconciled(this.planAt(entry.apiVersion ?? ''), treeOf(entry));
    return [tree === treeOf(entry) ? entry : withTree(entry, tree)];
  }

  private rest(entry: ManagedFieldsEntry): ManagedFieldsEntry[] {
    const { changed, removed } = this.changeAt(entry.apiVersion ?? '');
    const tree = treeOf(entry);
    const kept = difference(tree, changed);
    const rest = kept && difference(kept, removed);
    if (!rest) return [];
    return [rest === tree ? entry : withTree(entry, rest)];
  }

  private changeAt(version: string): Change {
    let change = this.changes.get(version);
    if (!change) {
      const plan = planWithout(this.planAt(version), this.request.resetFields);
      const before = this.at(this.request.live, version);
      const after = this.at(this.merged, version);
      change = {
        changed: changedFields(plan, before, after, true),
        removed: changedFields(plan, after, before, false),
      };
      this.changes.set(version, change);
    }
    return change;
  }

  private planAt(version: string): FieldPlan {
    const { versions } = this.request;
    const typeId = versions.typeId(version);
    return typeId === undefined ? { kind: 'leaf' } : fieldPlan(versions.types, typeId);
  }

  private at(object: object, version: string): object {
    return this.convert(object, this.request.apiVersion, version);
  }

  private convert(object: object, from: string, to: string): object {
    return from === to ? object : this.request.versions.convert(object, from, to);
  }

  /** Takes away what this manager applied before and neither it nor anyone else still owns. */
  private prune(merged: object): object {
    const last = this.own && treeOf(this.own);
    const version = this.own?.apiVersion ?? '';
    if (!last) return merged;
    const plan = this.planAt(version);
    const before = this.at(merged, version);
    const lastNamed = withNamedFields(plan, last);
    const kept = this.withOwnedItems(before, removeFields(plan, before, lastNamed) as object, version);
    const lost = difference(this.namedFields(plan, before), this.namedFields(plan, kept));
    const pruned = removeFields(plan, before, lost && intersection(lost, lastNamed)) as object;
    return this.convert(pruned, version, this.request.apiVersion);
  }

  /** What pruning took and someone owns comes back; in the version of the pruned object first. */
  private withOwnedItems(merged: object, pruned: object, version: string): object {
    const ownedAt = this.ownedByVersion();
    const order = [version, ...[...ownedAt.keys()].filter((other) => other !== version)];
    let kept = pruned;
    let current = version;
    for (const next of order) {
      const owned = ownedAt.get(next);
      if (!owned) continue;
      const plan = this.planAt(next);
      const whole = this.convert(merged, version, next);
      const left = this.namedFields(plan, this.convert(kept, current, next));
      const keep = union(left, withNamedFields(plan, owned));
      kept = removeFields(plan, whole, difference(this.namedFields(plan, whole), keep)) as object;
      current = next;
    }
    return this.convert(kept, current, version);
  }

  private ownedByVersion(): Map<string, FieldTree> {
    const { apiVersion } = this.request;
    const owned = new Map<string, FieldTree>();
    if (this.mentioned) owned.set(apiVersion, this.mentioned);
    for (const entry of this.others) {
      const version = entry.apiVersion ?? '';
      owned.set(version, union(owned.get(version), treeOf(entry)) ?? LEAF);
    }
    return owned;
  }

  private namedFields(plan: FieldPlan, value: unknown): FieldTree {
    return withNamedFields(plan, fieldSetOf(plan, value) ?? LEAF);
  }
}
