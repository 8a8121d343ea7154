/**
 * A value without some of its fields and list items (upstream: structured-merge-diff typed/remove.go).
 */
import { isJsonObject, setKey } from '../json/clone-json.ts';
import type { FieldPlan } from './field-plan.ts';
import { type FieldTree, hasSelf } from './field-tree.ts';

/** Shares what stays the same with its argument. What loses everything becomes null. */
export function removeFields(plan: FieldPlan, value: unknown, tree: FieldTree | undefined): unknown {
  if (!tree || plan.kind === 'leaf' || plan.kind === 'skip') return value;
  if (plan.kind === 'list') return Array.isArray(value) ? removeItems(plan, value, tree) : value;
  return isJsonObject(value) ? removeMembers(plan, value, tree) : value;
}

function removeMembers(
  plan: Extract<FieldPlan, { kind: 'struct' | 'map' }>,
  value: Record<string, unknown>,
  tree: FieldTree,
): unknown {
  const rest: Record<string, unknown> = {};
  let empty = true;
  for (const key of Object.keys(value)) {
    const child = childAt(tree, `f:${key}`);
    if (child && hasSelf(child)) continue;
    setKey(rest, key, removeFields(plan.kind === 'map' ? plan.values : plan.plan(key), value[key], child));
    empty = false;
  }
  return empty ? null : rest;
}

function removeItems(plan: Extract<FieldPlan, { kind: 'list' }>, items: readonly unknown[], tree: FieldTree): unknown {
  const rest: unknown[] = [];
  for (const item of items) {
    const child = childAt(tree, plan.element(item));
    if (!child || !hasSelf(child)) rest.push(removeFields(plan.items, item, child));
  }
  return rest.length === 0 ? null : rest;
}

function childAt(tree: FieldTree, element: string): FieldTree | undefined {
  return Object.hasOwn(tree, element) ? tree[element] : undefined;
}
