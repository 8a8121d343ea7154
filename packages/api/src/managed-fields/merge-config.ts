/**
 * An object with what someone applies laid over it (upstream: structured-merge-diff typed/merge.go). Nothing is removed.
 */
import { isJsonObject, setKey } from '../json/clone-json.ts';
import type { FieldPlan } from './field-plan.ts';

type ListPlan = Extract<FieldPlan, { kind: 'list' }>;

/** Undefined stands for a value that isn't there. The result shares what it can with both. */
export function mergeConfig(plan: FieldPlan, live: unknown, config: unknown): unknown {
  if (config === undefined) return live;
  if (live === undefined || plan.kind === 'leaf' || plan.kind === 'skip') return config;
  if (isEmpty(live)) return config;
  if (isEmpty(config)) return live;
  if (plan.kind === 'list') {
    return Array.isArray(live) && Array.isArray(config) ? mergeLists(plan, live, config) : config;
  }
  return isJsonObject(live) && isJsonObject(config) ? mergeMembers(plan, live, config) : config;
}

function isEmpty(value: unknown): boolean {
  if (value === null) return true;
  return typeof value === 'object' && Object.keys(value as object).length === 0;
}

function mergeMembers(
  plan: Extract<FieldPlan, { kind: 'struct' | 'map' }>,
  live: Record<string, unknown>,
  config: Record<string, unknown>,
): Record<string, unknown> {
  const merged = { ...live };
  for (const key of Object.keys(config)) {
    const before = Object.hasOwn(live, key) ? live[key] : undefined;
    setKey(merged, key, mergeConfig(plan.kind === 'map' ? plan.values : plan.plan(key), before, config[key]));
  }
  return merged;
}

interface Item {
  readonly element: string;
  readonly value: unknown;
}

/**
 * Items that both have stand in the order of the config; around each of them come first the items that only the object
 * has, then those that only the config has.
 */
function mergeLists(plan: ListPlan, live: readonly unknown[], config: readonly unknown[]): unknown[] {
  const left = itemsOf(plan, live);
  const right = itemsOf(plan, config);
  const inConfig = new Set(right.map((item) => item.element));
  const before = uniqueValues(left);
  const merged: unknown[] = [];
  let l = 0;
  const passLiveUntil = (element: string | undefined): void => {
    for (; l < left.length && left[l]?.element !== element; l++) {
      const item = left[l];
      if (item && !inConfig.has(item.element)) merged.push(item.value);
    }
  };
  let ownItems: unknown[] = [];
  for (const { element, value } of right) {
    if (!before.has(element)) {
      ownItems.push(value);
      continue;
    }
    passLiveUntil(element);
    merged.push(...ownItems, mergeConfig(plan.items, before.get(element), value));
    ownItems = [];
    if (l < left.length) l++;
  }
  passLiveUntil(undefined);
  merged.push(...ownItems);
  return merged;
}

function itemsOf(plan: ListPlan, list: readonly unknown[]): Item[] {
  return list.map((value) => ({ element: plan.element(value), value }));
}

/** Values by element; an item that is there twice is replaced, not merged. */
function uniqueValues(items: readonly Item[]): Map<string, unknown> {
  const values = new Map<string, unknown>();
  for (const { element, value } of items) values.set(element, values.has(element) ? undefined : value);
  return values;
}
