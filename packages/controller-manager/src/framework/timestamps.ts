/**
 * Instants as the API writes them, read.
 */

/** Milliseconds since the epoch; 0, the zero time, for what is absent or no time. */
export function parseTime(text: string | undefined): number {
  const instant = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(instant) ? 0 : instant;
}
