/**
 * The directives of strategic merge patches, apart from merging itself.
 */
import { isJsonObject, setKey } from '../json/clone-json.ts';
import { statusErrors } from '../status-error.ts';

export const DIRECTIVE = '$patch';
export const DELETE_LIST_PREFIX = '$deleteFromPrimitiveList/';
export const ORDER_PREFIX = '$setElementOrder/';
const RETAIN_KEYS = '$retainKeys';

function isDirective(key: string): boolean {
  return key === DIRECTIVE || key === RETAIN_KEYS || key.startsWith(DELETE_LIST_PREFIX) || key.startsWith(ORDER_PREFIX);
}

/** Clears what `$retainKeys` doesn't name, and takes the directive out of the patch. @throws StatusError BadRequest */
export function applyRetainKeys(original: Record<string, unknown>, patch: Record<string, unknown>): void {
  if (!Object.hasOwn(patch, RETAIN_KEYS)) return;
  const retained = patch[RETAIN_KEYS];
  delete patch[RETAIN_KEYS];
  const valid =
    Array.isArray(retained) &&
    Object.keys(patch).every((key) => patch[key] === null || isDirective(key) || retained.includes(key));
  if (!valid) throw statusErrors.badRequest('invalid patch format of retainKeys');
  for (const key of Object.keys(original)) if (!retained.includes(key)) delete original[key];
}

/** Null members of a patch that meet nothing in the object. */
export function dropNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => (item === null ? item : dropNulls(item)));
  if (!isJsonObject(value)) return value;
  const kept: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const member = value[key];
    if (member !== null) setKey(kept, key, dropNulls(member));
  }
  return kept;
}

/** The value without directives: what a patch adds where nothing was. */
export function dropDirectives(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.filter((item) => !(isJsonObject(item) && Object.hasOwn(item, DIRECTIVE))).map(dropDirectives);
  }
  if (!isJsonObject(value)) return value;
  const kept: Record<string, unknown> = {};
  for (const key of Object.keys(value)) if (!isDirective(key)) setKey(kept, key, dropDirectives(value[key]));
  return kept;
}
