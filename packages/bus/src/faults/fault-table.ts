/**
 * The faults that one endpoint keeps, and when they end.
 *
 * Owns a timer for the next end. Invariants: at most MOST_FAULTS, one an id; a fault whose time is over is gone, without
 * anybody asking for it; listeners are told of every change after it happened.
 */
import type { Clock, Timer } from '@regatta/runtime';
import { escapeToken } from '../subjects.ts';
import { type ActiveFault, FaultError, type LinkEffect, type LinkFault, MOST_FAULTS } from './fault-protocol.ts';

export type Direction = 'in' | 'out';

interface Kept {
  readonly fault: LinkFault;
  /** Tokens of the users at the other ends; undefined for everybody. */
  readonly peers: ReadonlySet<string> | undefined;
  /** Monotonic ms. */
  readonly ends: number;
}

const EVERYBODY = '*';

export class FaultTable {
  /** Whether there is any fault: all that the hot path asks. */
  active = false;
  readonly #kept = new Map<string, Kept>();
  readonly #listeners: (() => void)[] = [];
  #timer: Timer | undefined;

  constructor(readonly clock: Clock) {}

  /** @throws FaultError `refused` when there are too many */
  set(fault: LinkFault): void {
    if (!this.#kept.has(fault.id) && this.#kept.size >= MOST_FAULTS)
      throw new FaultError('refused', `this endpoint keeps ${MOST_FAULTS} faults already`);
    const peers = fault.peers.includes(EVERYBODY) ? undefined : new Set(fault.peers.map(escapeToken));
    this.#kept.set(fault.id, { fault, peers, ends: this.clock.monotonic() + fault.forMs });
    this.#changed();
  }

  /** Ends those with these ids, or all. An id that is not there is healed already. */
  heal(ids: readonly string[] = [...this.#kept.keys()]): void {
    let found = false;
    for (const id of ids) found = this.#kept.delete(id) || found;
    if (found) this.#changed();
  }

  list(): ActiveFault[] {
    const now = this.clock.monotonic();
    return [...this.#kept.values()].map(({ fault, ends }) => ({ ...fault, leftMs: Math.max(0, ends - now) }));
  }

  /** What happens to messages from (`in`) or to (`out`) a user, given as a token of subjects. */
  effects(peer: string, direction: Direction): LinkEffect[] {
    const found: LinkEffect[] = [];
    for (const { fault, peers } of this.#kept.values()) {
      if (fault.direction !== 'both' && fault.direction !== direction) continue;
      if (!peers || peers.has(peer)) found.push(fault.effect);
    }
    return found;
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Ends everything: the connection is closed. */
  close(): void {
    this.#kept.clear();
    this.#changed();
  }

  #changed(): void {
    this.active = this.#kept.size > 0;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.active) {
      const next = Math.min(...[...this.#kept.values()].map(({ ends }) => ends));
      this.#timer = this.clock.setTimer(next - this.clock.monotonic(), () => this.#expire());
    }
    for (const listener of this.#listeners) listener();
  }

  #expire(): void {
    const now = this.clock.monotonic();
    for (const [id, { ends }] of this.#kept) if (ends <= now) this.#kept.delete(id);
    this.#changed();
  }
}
