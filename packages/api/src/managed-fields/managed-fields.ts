/**
 * Who owns which field: metadata.managedFields of ordinary writes (upstream: k8s.io/apimachinery/pkg/util/managedfields).
 *
 * - A write owns what it changes; others lose it. What a write removes, nobody owns.
 * - Entries are one per manager, operation, apiVersion and subresource.
 * - An object whose entries were all taken away stays without.
 * - At most 10 entries of updates are kept; the oldest share one called ancient-changes.
 *
 * Server-side apply (apply.ts) works on the same entries and trees; ownership by Apply is kept, and lost, as above.
 */
import type { ManagedFieldsEntry } from '../generated/kinds.ts';
import { isJsonObject } from '../json/clone-json.ts';
import { DecodeReport } from '../schema/decode-report.ts';
import type { KindTypes } from '../schema/kind-types.ts';
import { changedFields } from './compare.ts';
import { byOrder, managedFieldsOf, treeOf, withTree } from './entries.ts';
import { type FieldPlan, fieldPlan, planWithout } from './field-plan.ts';
import { difference, type FieldTree, sortTree, union } from './field-tree.ts';
import { UNOWNED_PATHS } from './unowned-fields.ts';

export interface TrackedUpdate {
  readonly schema: KindTypes;
  readonly typeId: string;
  /** The stored object; undefined for a create. */
  readonly live: object | undefined;
  /** The object of the request, decoded and defaulted, before admission and strategies change it. */
  readonly object: object;
  readonly manager: string;
  /** Of the request. */
  readonly apiVersion: string;
  readonly subresource?: string;
  /** RFC 3339, whole seconds. */
  readonly now: string;
  /** Fields that this write can't set, as paths: `['status']` for an ordinary update, `['spec']` for a status update. */
  readonly resetFields?: readonly (readonly string[])[];
}

/** Entries of operation Update that are kept apart. */
export const MAX_UPDATE_MANAGERS = 10;
const ANCIENT = 'ancient-changes';

/** The managedFields that the object has after the write; undefined when nobody owns anything. */
export function trackUpdate(update: TrackedUpdate): ManagedFieldsEntry[] | undefined {
  const plan = ownablePlan(update);
  const live = update.live ?? emptyObject(update);
  const changed = changedFields(plan, live, update.object, true);
  const removed = changedFields(plan, update.object, live, false);
  const before = entriesBefore(update);
  // Who once forgot all owners keeps it so: only creates begin to track.
  if (before.length === 0 && isStored(update.live)) return undefined;
  if (!changed && !removed) return before.length > 0 ? before : undefined;
  const kept = before.flatMap((entry) => lose(entry, changed, removed));
  const entries = changed ? gain(kept, changed, update) : kept;
  return entries.length > 0 ? capped(entries).sort(byOrder) : undefined;
}

function isStored(live: object | undefined): boolean {
  return Boolean((live as { metadata?: { uid?: string } } | undefined)?.metadata?.uid);
}

/** Empty objects by schema and type, which nobody changes. */
const empties = new WeakMap<KindTypes, Map<string, object>>();

/** Upstream compares a new object with an empty one of its kind: fields that are always there don't count as added. */
function emptyObject({ schema, typeId }: TrackedUpdate): object {
  const known = empties.get(schema) ?? new Map<string, object>();
  empties.set(schema, known);
  const object = known.get(typeId) ?? schema.decoder(typeId).decode({}, new DecodeReport());
  known.set(typeId, object);
  return object;
}

/** Plans by schema, then by type and what the write can't set. */
const plans = new WeakMap<KindTypes, Map<string, FieldPlan>>();

function ownablePlan({ schema, typeId, resetFields = [] }: TrackedUpdate): FieldPlan {
  let known = plans.get(schema);
  if (!known) {
    known = new Map();
    plans.set(schema, known);
  }
  const key = `${typeId} ${resetFields.map((path) => path.join('.')).join(' ')}`;
  let plan = known.get(key);
  if (!plan) {
    plan = planWithout(fieldPlan(schema, typeId), [...UNOWNED_PATHS, ...resetFields]);
    known.set(key, plan);
  }
  return plan;
}

/** The request's own entries when it brings any, which is how clients edit them; else the stored ones. */
function entriesBefore({ live, object, subresource }: TrackedUpdate): ManagedFieldsEntry[] {
  const sent = managedFieldsOf(object);
  if (!subresource) {
    const [first] = sent;
    // One empty entry means: forget all.
    if (sent.length === 1 && first && Object.keys(first).length === 0) return [];
    if (sent.length > 0 && sent.every(isReadable)) return sent.filter(({ fieldsV1 }) => !isEmptyTree(fieldsV1));
  }
  return live ? managedFieldsOf(live) : [];
}

/** Entries are taken all or none: whoever doesn't understand them doesn't change them. */
function isReadable({ operation, apiVersion, fieldsType, fieldsV1 }: ManagedFieldsEntry): boolean {
  const known = operation === 'Apply' || operation === 'Update';
  return (
    known && Boolean(apiVersion) && fieldsType === 'FieldsV1' && (fieldsV1 === undefined || isJsonObject(fieldsV1))
  );
}

function isEmptyTree(fieldsV1: ManagedFieldsEntry['fieldsV1']): boolean {
  return fieldsV1 === undefined || Object.keys(fieldsV1).length === 0;
}

function lose(
  entry: ManagedFieldsEntry,
  changed: FieldTree | undefined,
  removed: FieldTree | undefined,
): ManagedFieldsEntry[] {
  const tree = treeOf(entry);
  const afterChange = difference(tree, changed);
  const rest = afterChange && difference(afterChange, removed);
  if (!rest) return [];
  return [rest === tree ? entry : withTree(entry, rest)];
}

function gain(entries: readonly ManagedFieldsEntry[], changed: FieldTree, update: TrackedUpdate): ManagedFieldsEntry[] {
  const { manager, apiVersion, subresource, now } = update;
  const isOwn = (e: ManagedFieldsEntry): boolean =>
    e.manager === manager &&
    e.operation === 'Update' &&
    e.apiVersion === apiVersion &&
    (e.subresource ?? '') === (subresource ?? '');
  const own = entries.find(isOwn);
  const tree = own ? (union(treeOf(own), changed) ?? changed) : changed;
  const entry: ManagedFieldsEntry = {
    manager,
    operation: 'Update',
    apiVersion,
    time: now,
    fieldsType: 'FieldsV1',
    fieldsV1: sortTree(tree) as Record<string, unknown>,
    ...(subresource ? { subresource } : {}),
  };
  return [...entries.filter((e) => e !== own), entry];
}

/** Merges the oldest updates, per apiVersion, once there are too many. */
function capped(entries: readonly ManagedFieldsEntry[]): ManagedFieldsEntry[] {
  const updates = entries.filter((e) => e.operation === 'Update').sort(byOrder);
  let surplus = updates.length - MAX_UPDATE_MANAGERS;
  if (surplus <= 0) return [...entries];
  const result = new Set(entries);
  const buckets = new Map<string, ManagedFieldsEntry>();
  for (const entry of updates) {
    if (surplus < 0) break;
    const key = entry.apiVersion ?? '';
    const bucket = buckets.get(key);
    result.delete(entry);
    if (bucket) {
      result.delete(bucket);
      surplus--;
    }
    const merged = mergeAncient(bucket, entry);
    buckets.set(key, merged);
    result.add(merged);
    if (surplus === 0) break;
  }
  return [...result];
}

function mergeAncient(bucket: ManagedFieldsEntry | undefined, entry: ManagedFieldsEntry): ManagedFieldsEntry {
  const { subresource: _subresource, ...plain } = entry;
  const tree = bucket ? union(treeOf(bucket), treeOf(entry)) : treeOf(entry);
  return { ...plain, manager: ANCIENT, fieldsV1: sortTree(tree ?? {}) as Record<string, unknown> };
}

const MAX_MANAGER_BYTES = 128;

/** The manager of a request: its fieldManager parameter, or what stands before the slash in its User-Agent. */
export function managerName(fieldManager: string | undefined, userAgent: string): string {
  if (fieldManager) return fieldManager;
  let name = '';
  for (const char of userAgent.split('/', 1)[0] ?? '') {
    if (!/[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(char)) continue;
    if (Buffer.byteLength(name + char) > MAX_MANAGER_BYTES) break;
    name += char;
  }
  return name === '' ? 'unknown' : name;
}
