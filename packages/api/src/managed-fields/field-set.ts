/**
 * Sets of the fields that a value mentions (upstream: structured-merge-diff typed/tofieldset.go, fieldpath/set.go).
 */
import { isJsonObject } from '../json/clone-json.ts';
import type { FieldPlan } from './field-plan.ts';
import { childrenOf, type FieldTree, hasSelf, LEAF, node, SELF } from './field-tree.ts';

type ListPlan = Extract<FieldPlan, { kind: 'list' }>;

/** Every leaf and every list item of the value; undefined when there is nothing. The object as a whole is nobody's. */
export function fieldSetOf(plan: FieldPlan, value: unknown): FieldTree | undefined {
  const tree = fieldsOf(plan, value, false);
  return tree && hasSelf(tree) ? undefined : tree;
}

/** @param member whether the value counts by itself, as items of maps and lists do */
function fieldsOf(plan: FieldPlan, value: unknown, member: boolean): FieldTree | undefined {
  if (plan.kind === 'skip' || value === undefined) return undefined;
  if (plan.kind === 'leaf') return LEAF;
  if (plan.kind === 'list') return node(member || value === null, itemFields(plan, value));
  if (!isJsonObject(value)) return member || value === null || isDeduced(plan) ? LEAF : undefined;
  const children: Record<string, FieldTree> = {};
  const keys = Object.keys(value);
  for (const key of keys) {
    const inMap = plan.kind === 'map';
    const child = fieldsOf(inMap ? plan.values : plan.plan(key), value[key], inMap);
    if (child) children[`f:${key}`] = child;
  }
  return node(member || keys.length === 0, children);
}

function isDeduced(plan: FieldPlan): boolean {
  return plan.kind === 'map' && plan.deduced === true;
}

/** Items that are there twice are owned as a whole. */
function itemFields(plan: ListPlan, value: unknown): Record<string, FieldTree> {
  const children: Record<string, FieldTree> = {};
  if (!Array.isArray(value)) return children;
  for (const item of value) {
    const element = plan.element(item);
    children[element] = Object.hasOwn(children, element) ? LEAF : (fieldsOf(plan.items, item, true) ?? LEAF);
  }
  return children;
}

/** The set with all fields of structs that are on the way to its paths; keys of maps and items stay as they are. */
export function withNamedFields(plan: FieldPlan, tree: FieldTree): FieldTree {
  const named: Record<string, FieldTree> = {};
  for (const key of Object.keys(tree)) {
    const child = tree[key];
    if (!child) continue;
    if (key === SELF || childrenOf(child).length === 0) {
      named[key] = child;
      continue;
    }
    const below = withNamedFields(planBelow(plan, key), child);
    named[key] = plan.kind === 'struct' && !hasSelf(below) ? { [SELF]: LEAF, ...below } : below;
  }
  return named;
}

export function planBelow(plan: FieldPlan, element: string): FieldPlan {
  switch (plan.kind) {
    case 'struct':
      return plan.plan(element.slice(2));
    case 'map':
      return plan.values;
    case 'list':
      return plan.items;
    default:
      return plan;
  }
}

/** The set as today's schema has it: below what is owned as a whole there is nothing (typed/reconcile_schema.go). */
export function reconciled(plan: FieldPlan, tree: FieldTree): FieldTree {
  if (childrenOf(tree).length === 0) return tree;
  if (plan.kind === 'leaf') return LEAF;
  let changed = false;
  const result: Record<string, FieldTree> = {};
  for (const key of Object.keys(tree)) {
    const child = tree[key];
    if (!child) continue;
    const below = key === SELF ? child : reconciled(planBelow(plan, key), child);
    if (below !== child) changed = true;
    result[key] = below;
  }
  return changed ? result : tree;
}
