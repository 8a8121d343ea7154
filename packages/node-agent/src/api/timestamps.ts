/**
 * Kubernetes' two ways to write an instant: metav1.Time (whole seconds) and metav1.MicroTime.
 */

/** `2026-01-01T00:00:00Z` from milliseconds since the epoch. */
export function toTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** `2026-01-01T00:00:00.000000Z` from milliseconds since the epoch. */
export function toMicroTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 23)}000Z`;
}

/** Milliseconds since the epoch; undefined for text that is no instant. */
export function parseTime(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}
