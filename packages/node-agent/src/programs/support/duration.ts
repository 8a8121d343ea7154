/**
 * Times as `sleep` and `timeout` take them: a number, and s, m, h or d.
 */
import { UsageError } from './command-line.ts';

const UNITS: Readonly<Record<string, number>> = { '': 1000, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds; Infinity for `infinity`. @throws UsageError */
export function durationOf(text: string): number {
  if (/^inf(?:inity)?$/i.test(text)) return Number.POSITIVE_INFINITY;
  const match = /^([0-9]*\.?[0-9]+|[0-9]+\.)([smhd]?)$/.exec(text);
  if (match === null) throw new UsageError(`invalid number '${text}'`);
  return Number(match[1]) * (UNITS[match[2] ?? ''] ?? 1000);
}
