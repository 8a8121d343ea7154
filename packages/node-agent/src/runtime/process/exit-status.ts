/**
 * How a process ended: by itself with a code, or by a signal (wait(2)).
 */
import { SIGNAL_NUMBER, type Signal } from './signals.ts';

export type ExitStatus = { readonly code: number } | { readonly signal: Signal };

/** What a shell's `$?` and a container's exit code show: the code, or 128 and the signal's number. */
export function exitCodeOf(status: ExitStatus): number {
  return 'signal' in status ? 128 + SIGNAL_NUMBER[status.signal] : status.code;
}
