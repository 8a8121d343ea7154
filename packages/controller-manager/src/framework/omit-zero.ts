/**
 * Go's `omitempty` for numbers: a status without the fields that are 0.
 */
export function omitZero<T extends object>(values: T): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== 0 && value !== undefined)) as T;
}
