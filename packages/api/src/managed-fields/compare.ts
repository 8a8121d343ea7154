/**
 * Which fields differ between two states of an object (upstream: structured-merge-diff typed/compare.go).
 */
import { isJsonObject } from '../json/clone-json.ts';
import { jsonEqual } from '../json/json-equal.ts';
import type { FieldPlan } from './field-plan.ts';
import { type FieldTree, LEAF, SELF } from './field-tree.ts';

/**
 * The paths that `after` has and `before` hasn't, and with `modified` also those whose value is another.
 * Undefined stands for a value that isn't there; null is a value.
 */
export function changedFields(
  plan: FieldPlan,
  before: unknown,
  after: unknown,
  modified: boolean,
): FieldTree | undefined {
  if (after === undefined || plan.kind === 'skip') return undefined;
  if (plan.kind === 'leaf' || (isEmpty(before) && isEmpty(after))) return changedLeaf(before, after, modified);
  if (isDeducedLeaf(plan, before) || isDeducedLeaf(plan, after)) return changedLeaf(before, after, modified);
  const children: Record<string, FieldTree> = {};
  if (before === undefined) children[SELF] = LEAF;
  if (plan.kind === 'list') changedItems(plan, before, after, modified, children);
  else changedMembers(plan, before, after, modified, children);
  for (const key in children) return key === SELF && Object.keys(children).length === 1 ? LEAF : children;
  return undefined;
}

function isDeducedLeaf(plan: FieldPlan, value: unknown): boolean {
  return plan.kind === 'map' && plan.deduced === true && value !== undefined && !isJsonObject(value);
}

function changedLeaf(before: unknown, after: unknown, modified: boolean): FieldTree | undefined {
  if (before === undefined) return LEAF;
  return modified && !jsonEqual(before, after) ? LEAF : undefined;
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (typeof value !== 'object') return false;
  if (Array.isArray(value)) return value.length === 0;
  for (const _ in value) return false;
  return true;
}

function changedMembers(
  plan: Extract<FieldPlan, { kind: 'struct' | 'map' }>,
  before: unknown,
  after: unknown,
  modified: boolean,
  into: Record<string, FieldTree>,
): void {
  if (!isJsonObject(after)) return;
  const old = isJsonObject(before) ? before : undefined;
  for (const key in after) {
    const value = after[key];
    const oldValue = old && Object.hasOwn(old, key) ? old[key] : undefined;
    if (value === oldValue) continue;
    const child = changedFields(plan.kind === 'map' ? plan.values : plan.plan(key), oldValue, value, modified);
    if (child) into[`f:${key}`] = child;
  }
}

function changedItems(
  plan: Extract<FieldPlan, { kind: 'list' }>,
  before: unknown,
  after: unknown,
  modified: boolean,
  into: Record<string, FieldTree>,
): void {
  if (!Array.isArray(after)) return;
  const old = groups(plan, before);
  for (const [element, items] of groups(plan, after)) {
    const child = changedGroup(plan.items, old.get(element) ?? NONE, items, modified);
    if (child) into[element] = child;
  }
}

const NONE: readonly unknown[] = [];

/** Items by their element: more than one where a list has what its type does not allow. */
function groups(plan: Extract<FieldPlan, { kind: 'list' }>, list: unknown): Map<string, unknown[]> {
  const found = new Map<string, unknown[]>();
  if (!Array.isArray(list)) return found;
  for (const item of list) {
    const element = plan.element(item);
    const group = found.get(element);
    if (group) group.push(item);
    else found.set(element, [item]);
  }
  return found;
}

/** Items that are there more than once are one thing, whatever they hold. */
function changedGroup(
  plan: FieldPlan,
  before: readonly unknown[],
  after: readonly unknown[],
  modified: boolean,
): FieldTree | undefined {
  if (after.length === 1) return changedFields(plan, before.length === 1 ? before[0] : undefined, after[0], modified);
  if (before.length <= 1) return LEAF;
  return modified && !jsonEqual(before, after) ? LEAF : undefined;
}
