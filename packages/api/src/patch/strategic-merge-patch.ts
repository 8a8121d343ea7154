/**
 * Strategic merge patch (upstream: k8s.io/apimachinery/pkg/util/strategicpatch): a merge patch that knows, from the type,
 * which lists merge and by which key, with directives in the patch:
 *
 *   $patch: replace | delete          of a map, or in an element of a list that merges by key
 *   $retainKeys: [a, b]               drops all other keys of this map
 *   $deleteFromPrimitiveList/f: [x]   takes x out of the list f
 *   $setElementOrder/f: [...]         the order of the elements of f that the sender knows
 *
 * Works on copies; the inputs are never changed.
 */
import { cloneJson, isJsonObject, setKey } from '../json/clone-json.ts';
import type { TypeSource } from '../schema/decoder.ts';
import type { Shape, TypeInfo } from '../schema/type-info.ts';
import { statusErrors } from '../status-error.ts';
import { goFormat } from './go-format.ts';
import { requirePatchObject } from './merge-patch.ts';
import {
  applyRetainKeys,
  DELETE_LIST_PREFIX,
  DIRECTIVE,
  dropDirectives,
  dropNulls,
  ORDER_PREFIX,
} from './strategic-directives.ts';
import { mergeOrder, partition } from './strategic-order.ts';

type JsonMap = Record<string, unknown>;

/** What the type says about the members of a map; undefined below maps and raw values. */
type Scope = { readonly types: TypeSource; readonly type: TypeInfo | undefined };

/** Returns the patched copy. @throws StatusError: 400 for patches that aren't, 500 for directives that make no sense */
export function applyStrategicMergePatch(
  types: TypeSource,
  typeId: string,
  document: unknown,
  patch: unknown,
): JsonMap {
  const original = isJsonObject(document) ? cloneJson(document) : {};
  return mergeMap(original, cloneJson(requirePatchObject(patch)), { types, type: types.type(typeId) });
}

function mergeMap(original: JsonMap, patch: JsonMap, scope: Scope): JsonMap {
  if (Object.hasOwn(patch, DIRECTIVE)) return replacedMap(patch);
  applyRetainKeys(original, patch);
  mergeOrderedLists(original, patch, scope);
  for (const key of Object.keys(patch)) {
    if (key.startsWith(DELETE_LIST_PREFIX)) deleteFromList(original, key.slice(DELETE_LIST_PREFIX.length), patch[key]);
    else mergeMember(original, key, patch[key], scope);
  }
  return original;
}

function replacedMap(patch: JsonMap): JsonMap {
  const directive = patch[DIRECTIVE];
  if (directive === 'delete') return {};
  if (directive !== 'replace') throw badDirective(directive, patch);
  delete patch[DIRECTIVE];
  return patch;
}

function badDirective(directive: unknown, patch: JsonMap): Error {
  return statusErrors.unknown(`unknown patch type: ${goFormat(directive)} in map: ${goFormat(patch)}`);
}

function mergeMember(original: JsonMap, key: string, value: unknown, scope: Scope): void {
  if (value === null) {
    delete original[key];
    return;
  }
  const current = Object.hasOwn(original, key) ? original[key] : undefined;
  const field = scope.type?.fields.get(key);
  const replaces = field?.patchStrategies.includes('replace') ?? false;
  if (isJsonObject(current) && isJsonObject(value)) {
    const below = { types: scope.types, type: objectType(scope.types, field?.shape) };
    setKey(original, key, replaces ? value : mergeMap(current, value, below));
  } else if (Array.isArray(current) && Array.isArray(value)) {
    setKey(original, key, mergeField(current, value, key, scope));
  } else setKey(original, key, dropDirectives(dropNulls(value)));
}

function objectType(types: TypeSource, shape: Shape | undefined): TypeInfo | undefined {
  if (shape?.kind === 'object') return types.type(shape.typeId);
  return shape?.kind === 'list' ? objectType(types, shape.items) : undefined;
}

/** A list of a field: merged when its strategy says so, else replaced. */
function mergeField(current: unknown[], patch: unknown[], key: string, scope: Scope): unknown[] {
  const field = scope.type?.fields.get(key);
  if (!field?.patchStrategies.includes('merge')) return patch;
  return mergeList(current, patch, field.patchMergeKey ?? '', {
    types: scope.types,
    type: objectType(scope.types, field.shape),
  });
}

function mergeList(original: unknown[], patch: unknown[], mergeKey: string, scope: Scope): unknown[] {
  if (original.length === 0 && patch.length === 0) return original;
  if (![...original, ...patch].some(isJsonObject)) {
    const merged = [...new Set([...original, ...patch])];
    const [known, others] = partition(merged, patch, '');
    return mergeOrder(known, others, patch, original, '');
  }
  if (mergeKey === '') {
    throw statusErrors.unknown(`cannot merge lists without merge key for ${scope.type?.name ?? 'unknown'}`);
  }
  const remaining = applyElementDirectives(original, patch.map(asMap), mergeKey);
  const merged = mergeElements(remaining.original, remaining.patch, mergeKey, scope);
  const [known, others] = partition(merged, remaining.patch, mergeKey);
  return mergeOrder(known, others, remaining.patch, remaining.original, mergeKey);
}

function asMap(value: unknown): JsonMap {
  if (isJsonObject(value)) return value;
  throw statusErrors.unknown(`expected a map, got ${goFormat(value)}`);
}

/** Carries out `$patch` of elements; what is left on both sides is to be merged. */
function applyElementDirectives(
  original: unknown[],
  patch: JsonMap[],
  mergeKey: string,
): { readonly original: unknown[]; readonly patch: JsonMap[] } {
  let kept = original;
  let replace = false;
  const plain: JsonMap[] = [];
  for (const element of patch) {
    const directive = element[DIRECTIVE];
    if (directive === undefined) plain.push(element);
    else if (directive === 'replace') replace = true;
    else if (directive === 'delete') {
      const key = keyOfElement(element, mergeKey);
      kept = kept.filter((item) => !isJsonObject(item) || item[mergeKey] !== key);
    } else if (directive === 'merge') {
      throw statusErrors.unknown('merging lists cannot yet be specified in the patch');
    } else throw badDirective(directive, element);
  }
  return replace ? { original: plain, patch: [] } : { original: kept, patch: plain };
}

function keyOfElement(element: JsonMap, mergeKey: string): unknown {
  if (Object.hasOwn(element, mergeKey)) return element[mergeKey];
  throw statusErrors.unknown(`map: ${goFormat(element)} does not contain declared merge key: ${mergeKey}`);
}

function mergeElements(original: unknown[], patch: JsonMap[], mergeKey: string, scope: Scope): unknown[] {
  const merged = [...original];
  for (const element of patch) {
    const key = keyOfElement(element, mergeKey);
    const at = merged.findIndex((item) => isJsonObject(item) && item[mergeKey] === key);
    const current = merged[at];
    if (isJsonObject(current)) merged[at] = mergeMap(current, element, scope);
    else merged.push(dropDirectives(dropNulls(element)));
  }
  return merged;
}

function deleteFromList(original: JsonMap, key: string, values: unknown): void {
  const current = Object.hasOwn(original, key) ? original[key] : undefined;
  if (!Array.isArray(current) || !Array.isArray(values)) return;
  setKey(
    original,
    key,
    current.filter((item) => !values.includes(item)),
  );
}

/** Lists with an order directive: merged here and taken out of the patch. */
function mergeOrderedLists(original: JsonMap, patch: JsonMap, scope: Scope): void {
  for (const directive of Object.keys(patch).filter((k) => k.startsWith(ORDER_PREFIX))) {
    const order = patch[directive];
    delete patch[directive];
    const key = directive.slice(ORDER_PREFIX.length);
    if (!Array.isArray(order)) throw statusErrors.unknown(`expected a []interface {}, but received a ${typeof order}`);
    const current = Object.hasOwn(original, key) ? original[key] : undefined;
    const change = Object.hasOwn(patch, key) ? patch[key] : undefined;
    if (!Array.isArray(current) && !Array.isArray(change)) continue;
    const mergeKey = scope.type?.fields.get(key)?.patchMergeKey ?? '';
    checkOrder(Array.isArray(change) ? change : [], order, mergeKey);
    const merged = mergedWithOrder(current, change, key, scope);
    const [known, others] = partition(merged, order, mergeKey);
    setKey(original, key, mergeOrder(known, others, order, Array.isArray(current) ? current : [], mergeKey));
    delete patch[key];
  }
}

function mergedWithOrder(current: unknown, change: unknown, key: string, scope: Scope): unknown[] {
  if (!Array.isArray(change)) return Array.isArray(current) ? current : [];
  if (!Array.isArray(current)) return dropDirectives(change) as unknown[];
  return mergeField([...current], change, key, scope);
}

/** The elements of the patch must stand in the order that the directive gives. */
function checkOrder(patch: readonly unknown[], order: readonly unknown[], mergeKey: string): void {
  const identity = (item: unknown): unknown => (mergeKey !== '' && isJsonObject(item) ? item[mergeKey] : item);
  const wanted = order.map(identity);
  let from = 0;
  for (const item of patch) {
    if (isJsonObject(item) && Object.hasOwn(item, DIRECTIVE)) continue;
    const at = wanted.indexOf(identity(item), from);
    if (at < 0) {
      throw statusErrors.unknown(
        `The order in patch list:\n${goFormat(patch)}\n doesn't match $setElementOrder list:\n${goFormat(order)}\n`,
      );
    }
    from = at + 1;
  }
}
