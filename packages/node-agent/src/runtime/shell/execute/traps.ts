/**
 * The shell's `trap`: commands for signals and for the end of the shell. A signal's command runs between two commands,
 * after the one in the foreground has ended; it interrupts `wait`.
 */
import type { ProcessContext } from '../../process/process-context.ts';
import { SIGNAL_NUMBER, type Signal } from '../../process/signals.ts';

export type TrapName = Signal | 'EXIT' | 'ERR' | 'DEBUG' | 'RETURN';

export class Traps {
  readonly #actions = new Map<TrapName, string>();
  #pending: Signal[] = [];
  #waiters = new Set<() => void>();
  /** What the parent had set: shown by `trap` in a subshell until it sets its own. */
  #inherited: ReadonlyMap<TrapName, string> = new Map();

  constructor(
    private readonly process: ProcessContext,
    /** What the shell does about a signal without a trap, instead of the kernel's default. */
    private readonly ownDisposition: (signal: Signal) => (() => void) | 'ignore' | 'default',
  ) {}

  /** For a subshell: ignored signals stay ignored, the rest are back to their defaults. */
  fork(process: ProcessContext): Traps {
    const traps = new Traps(process, () => 'default');
    traps.#inherited = new Map(this.#actions);
    for (const [name, action] of this.#actions) if (action === '') traps.set(name, '');
    return traps;
  }

  get(name: TrapName): string | undefined {
    return this.#actions.get(name);
  }

  /** Sets a command, ignores (empty) or goes back to the default (undefined). */
  set(name: TrapName, action: string | undefined): void {
    this.#inherited = new Map();
    if (action === undefined) this.#actions.delete(name);
    else this.#actions.set(name, action);
    if (name === 'EXIT' || name === 'ERR' || name === 'DEBUG' || name === 'RETURN') return;
    if (action === '') this.process.onSignal(name, 'ignore');
    else if (action === undefined) this.process.onSignal(name, this.ownDisposition(name));
    else this.process.onSignal(name, () => this.#arrived(name));
  }

  entries(): readonly (readonly [TrapName, string])[] {
    const shown = this.#actions.size === 0 ? this.#inherited : this.#actions;
    return [...shown].sort(([a], [b]) => order(a) - order(b));
  }

  get hasAny(): boolean {
    return this.#actions.size > 0;
  }

  get isPending(): boolean {
    return this.#pending.length > 0;
  }

  get firstPending(): Signal | undefined {
    return this.#pending[0];
  }

  /** The next signal whose command is to run. */
  takePending(): Signal | undefined {
    return this.#pending.shift();
  }

  /** Calls back at the next signal that has a command; returns how to stop that. */
  onArrival(listener: () => void): () => void {
    this.#waiters.add(listener);
    return () => this.#waiters.delete(listener);
  }

  #arrived(signal: Signal): void {
    if (!this.#pending.includes(signal)) this.#pending.push(signal);
    for (const waiter of [...this.#waiters]) waiter();
  }
}

function order(name: TrapName): number {
  if (name === 'EXIT') return 0;
  return Object.hasOwn(SIGNAL_NUMBER, name) ? SIGNAL_NUMBER[name as Signal] : 100;
}
