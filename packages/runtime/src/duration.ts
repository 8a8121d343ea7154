/**
 * Durations as people type them: `500ms`, `30s`, `1m30s`, `2h`, `1.5s`. Strict: a bare number has no unit and is none.
 */
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const PART = /(\d+(?:\.\d+)?)(ms|s|m|h)/g;
const WHOLE = /^(\d+(\.\d+)?h)?(\d+(\.\d+)?m)?(\d+(\.\d+)?s)?(\d+(\.\d+)?ms)?$/;

/** Milliseconds; undefined for what is no duration. Units go from large to small, each at most once. */
export function parseDuration(text: string): number | undefined {
  if (text === '' || !WHOLE.test(text)) return undefined;
  let ms = 0;
  for (const [, amount, unit = ''] of text.matchAll(PART)) ms += Number(amount) * (UNITS[unit] ?? 0);
  return ms;
}

/** `1m30s` from milliseconds. Above ten seconds whole seconds are enough. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}ms`;
  if (ms < 10_000) return `${Number((ms / 1000).toFixed(1))}s`;
  const seconds = Math.round(ms / 1000);
  const parts = [
    [Math.floor(seconds / 3600), 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ] as const;
  return parts.flatMap(([amount, unit]) => (amount > 0 ? [`${amount}${unit}`] : [])).join('');
}
