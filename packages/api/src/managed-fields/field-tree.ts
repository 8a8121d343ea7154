/**
 * Sets of field paths in the form in which FieldsV1 writes them (upstream: structured-merge-diff fieldpath): a tree of
 * objects whose keys are `f:<field>`, `k:<list keys as JSON>` or `v:<list value as JSON>`.
 *
 *   {"f:spec": {"f:replicas": {}, "f:template": {".": {}, "f:x": {}}}}   is the set  spec.replicas, spec.template, spec.template.x
 *
 * An empty object is a path of the set; so is one with a `.` among its keys; one without is only on the way to others.
 * Trees are never changed once they are handed out: operations return new ones and share what stays the same.
 */
import { compareElements } from './path-element.ts';

export interface FieldTree {
  readonly [element: string]: FieldTree;
}

export const SELF = '.';
export const LEAF: FieldTree = Object.freeze({});

function isLeaf(tree: FieldTree): boolean {
  for (const _ in tree) return false;
  return true;
}

/** Whether the path itself is in the set, not only paths below it. */
export function hasSelf(tree: FieldTree): boolean {
  return isLeaf(tree) || Object.hasOwn(tree, SELF);
}

/** Children, without the mark of the node itself. */
export function childrenOf(tree: FieldTree): string[] {
  return Object.keys(tree).filter((key) => key !== SELF);
}

/** A node from its parts; undefined when nothing is left. */
export function node(self: boolean, children: Record<string, FieldTree>): FieldTree | undefined {
  const names = Object.keys(children);
  if (names.length === 0) return self ? LEAF : undefined;
  if (!self) return children;
  return { [SELF]: LEAF, ...children };
}

export function union(a: FieldTree | undefined, b: FieldTree | undefined): FieldTree | undefined {
  if (!a || !b || a === b) return a ?? b;
  const children: Record<string, FieldTree> = {};
  for (const key of childrenOf(a)) {
    const merged = union(a[key], Object.hasOwn(b, key) ? b[key] : undefined);
    if (merged) children[key] = merged;
  }
  for (const key of childrenOf(b)) {
    const child = b[key];
    if (child && !Object.hasOwn(children, key)) children[key] = child;
  }
  return node(hasSelf(a) || hasSelf(b), children);
}

/** Paths of `a` that are not in `b`. Returns `a` itself when they have nothing in common. */
export function difference(a: FieldTree, b: FieldTree | undefined): FieldTree | undefined {
  if (!b) return a;
  let changed = hasSelf(a) && hasSelf(b);
  const self = hasSelf(a) && !hasSelf(b);
  const children: Record<string, FieldTree> = {};
  for (const key of childrenOf(a)) {
    const child = a[key];
    if (!child) continue;
    const rest = Object.hasOwn(b, key) ? difference(child, b[key]) : child;
    if (rest !== child) changed = true;
    if (rest) children[key] = rest;
  }
  return changed ? node(self, children) : a;
}

/** Paths that are in both. */
export function intersection(a: FieldTree, b: FieldTree): FieldTree | undefined {
  const children: Record<string, FieldTree> = {};
  for (const key of childrenOf(a)) {
    const [left, right] = [a[key], Object.hasOwn(b, key) ? b[key] : undefined];
    const both = left && right && intersection(left, right);
    if (both) children[key] = both;
  }
  return node(hasSelf(a) && hasSelf(b), children);
}

/** Keys in upstream's order: `.`, fields, list keys, list values; each sorted. */
export function sortTree(tree: FieldTree): FieldTree {
  const sorted: Record<string, FieldTree> = {};
  for (const key of Object.keys(tree).sort(compareElements)) {
    const child = tree[key];
    if (child) sorted[key] = isLeaf(child) ? LEAF : sortTree(child);
  }
  return sorted;
}
