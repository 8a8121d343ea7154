/**
 * Arguments and options as people type them, read strictly: what makes no sense is a sentence, and nothing is done.
 */
import { LONGEST_FAULT_MS } from '@regatta/bus';
import { formatDuration, parseDuration } from '@regatta/runtime';
import { InvalidArgumentError } from 'commander';

export function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || Number.isNaN(value)) throw new InvalidArgumentError('It takes a number.');
  return value;
}

/** Real milliseconds that a fault may last. */
export function lifetime(text: string): number {
  const ms = duration(text);
  if (ms <= LONGEST_FAULT_MS) return ms;
  throw new InvalidArgumentError(`A fault lasts at most ${formatDuration(LONGEST_FAULT_MS)}.`);
}

/** Milliseconds, above 0. */
export function duration(text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined && ms > 0) return ms;
  throw new InvalidArgumentError('It takes a duration above 0: 500ms, 30s, 5m, 1h.');
}

/** A share of one from `30%`. */
export function share(text: string): number {
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(text)?.[1];
  if (percent !== undefined && Number(percent) > 0 && Number(percent) <= 100) return Number(percent) / 100;
  throw new InvalidArgumentError('It takes a share above 0%, at most 100%: 30%.');
}

const BYTES: Readonly<Record<string, number>> = { B: 1, KiB: 1024, MiB: 1024 ** 2, kB: 1000, MB: 1000 ** 2 };

/** Bytes a second from `10KiB`. */
export function bandwidth(text: string): number {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)([KMk]?i?B)$/.exec(text) ?? [];
  const bytes = Number(amount) * (BYTES[unit] ?? Number.NaN);
  if (bytes >= 1) return Math.round(bytes);
  throw new InvalidArgumentError('It takes bytes a second: 500B, 10KiB, 1MiB.');
}

/** Names from `a,b`. */
export function names(text: string): string[] {
  const found = text.split(',').map((name) => name.trim());
  if (found.every((name) => name !== '')) return found;
  throw new InvalidArgumentError('It takes names, separated by commas.');
}
