/**
 * Instants as the API writes them, read.
 */

/** Milliseconds since the epoch; undefined for text that is no instant. */
export function parseTime(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}
