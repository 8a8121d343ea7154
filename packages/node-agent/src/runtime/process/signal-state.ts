/**
 * What one process has said about signals, and those that wait until it is continued.
 *
 * Invariants: KILL and STOP are never caught; a signal waits at most once (they are not counted, signal(7)); most
 * processes say nothing and hold nothing.
 */
import { FileError } from '../filesystem/file-error.ts';
import { isUncatchable, type Signal, type SignalDisposition } from './signals.ts';

export class SignalState {
  readonly #dispositions = new Map<Signal, Exclude<SignalDisposition, 'default'>>();
  #pending: Set<Signal> | undefined;

  /** @throws FileError EINVAL for KILL and STOP */
  set(signal: Signal, disposition: SignalDisposition): void {
    if (isUncatchable(signal)) throw new FileError('EINVAL', 'sigaction', signal);
    if (disposition === 'default') this.#dispositions.delete(signal);
    else this.#dispositions.set(signal, disposition);
  }

  get(signal: Signal): SignalDisposition {
    return this.#dispositions.get(signal) ?? 'default';
  }

  /** What children start with; another program keeps only these too (execve(2)). */
  ignored(): Signal[] {
    return [...this.#dispositions].filter(([, disposition]) => disposition === 'ignore').map(([signal]) => signal);
  }

  handled(): Signal[] {
    return [...this.#dispositions].filter(([, disposition]) => disposition !== 'ignore').map(([signal]) => signal);
  }

  forget(): void {
    for (const [signal, disposition] of this.#dispositions) {
      if (disposition !== 'ignore') this.#dispositions.delete(signal);
    }
  }

  hold(signal: Signal): void {
    this.#pending ??= new Set();
    this.#pending.add(signal);
  }

  drop(...signals: readonly Signal[]): void {
    for (const signal of signals) this.#pending?.delete(signal);
  }

  /** Signals that waited, oldest first. */
  takePending(): Signal[] {
    const taken = [...(this.#pending ?? [])];
    this.#pending = undefined;
    return taken;
  }
}
