/**
 * JSON merge patch, RFC 7386.
 */
import { cloneJson, isJsonObject, setKey } from '../json/clone-json.ts';
import { jsonTypeName } from '../schema/scalars.ts';
import { statusErrors } from '../status-error.ts';

/** Returns the patched copy. @throws StatusError BadRequest when the patch is no object */
export function applyMergePatch(document: unknown, patch: unknown): unknown {
  return mergeInto(document, requirePatchObject(patch));
}

/** @throws StatusError BadRequest in upstream's words */
export function requirePatchObject(patch: unknown): Record<string, unknown> {
  if (patch === null) return {};
  if (isJsonObject(patch)) return patch;
  const what = jsonTypeName(patch);
  throw statusErrors.badRequest(
    `error decoding patch: json: cannot unmarshal ${what} into Go value of type map[string]interface {}`,
  );
}

function mergeInto(target: unknown, patch: unknown): unknown {
  if (!isJsonObject(patch)) return cloneJson(patch);
  const merged: Record<string, unknown> = isJsonObject(target) ? shallowCopy(target) : {};
  for (const key of Object.keys(patch)) {
    const value = patch[key];
    if (value === null) delete merged[key];
    else setKey(merged, key, mergeInto(Object.hasOwn(merged, key) ? merged[key] : undefined, value));
  }
  return merged;
}

function shallowCopy(object: Record<string, unknown>): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(object)) setKey(copy, key, object[key]);
  return copy;
}
