/**
 * A deep copy of a JSON value. Own keys only, `__proto__` as a key like any other; exact numbers become plain ones.
 */
import { ExactNumber } from './exact-number.ts';

export function cloneJson<T>(value: T): T;
export function cloneJson(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(cloneJson);
  if (value instanceof ExactNumber) return value.toNumber();
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) setKey(copy, key, cloneJson((value as Record<string, unknown>)[key]));
  return copy;
}

/** `object[key] = value` for keys that come from users: `__proto__` becomes an own property. */
export function setKey(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== '__proto__') object[key] = value;
  else Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}

/** `object[key]`, own keys only. */
export function getKey(object: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber);
}
