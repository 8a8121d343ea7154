/**
 * Messages between this endpoint and one peer, in one direction, under the faults of that link.
 *
 * Invariants: what is not dropped leaves in the order in which it came; a message waits at least its delay, and its turn
 * where bandwidth is scarce; all lanes together hold at most MOST_DELAYED_BYTES, and what comes beyond that is dropped and
 * counted; when the faults that delay are over, what waits leaves at once.
 */
import type { Clock, Random, Timer } from '@regatta/runtime';
import type { LinkEffect } from './fault-protocol.ts';

/** Bytes that one endpoint delays at once, in all its lanes. */
export const MOST_DELAYED_BYTES = 32 * 1024 * 1024;

/** What a message costs beside its bytes, so that many tiny ones are bounded too. */
export const DELAYED_COST = 128;

export interface Shaping {
  readonly clock: Clock;
  readonly random: Random;
  /** Called when a message is dropped because too much waits. */
  readonly onOverflow: () => void;
  /** Bytes that wait in all lanes. */
  waiting: number;
}

interface Waiting {
  readonly size: number;
  /** When it came, monotonic ms. */
  readonly at: number;
  readonly deliver: () => void;
  due: number;
}

const SECOND = 1000;

export class Lane {
  #effects: readonly LinkEffect[] = [];
  /** Whether anything waits here at all. */
  #delays = false;
  #queue: Waiting[] = [];
  #timer: Timer | undefined;
  #lastDue = 0;
  #busyUntil = 0;

  constructor(readonly shaping: Shaping) {}

  get isEmpty(): boolean {
    return this.#queue.length === 0;
  }

  /** Takes the faults that hold from now on: what waits is planned anew, as if they had held when it came. */
  setEffects(effects: readonly LinkEffect[]): void {
    this.#effects = effects;
    this.#delays = effects.some(({ delay, bandwidth }) => delay !== undefined || bandwidth !== undefined);
    this.#lastDue = this.#busyUntil = this.shaping.clock.monotonic();
    if (this.#delays) for (const waiting of this.#queue) waiting.due = this.#plan(waiting.at, waiting.size);
    else for (const waiting of this.#queue) waiting.due = this.#lastDue;
    this.#release();
  }

  /**
   * @param size bytes of the message on the wire
   * @param twice whether the message may be duplicated
   * @param take called for what is to wait: gives what delivers it later
   */
  pass(size: number, twice: boolean, deliver: () => void, take: () => () => void = () => deliver): void {
    if (this.#hits('drop')) return;
    const copies = twice && this.#hits('duplicate') ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      if (this.#delays) this.#wait(size, take());
      else deliver();
    }
  }

  /** Forgets what waits: the connection that it came by is gone. */
  clear(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const { size } of this.#queue.splice(0)) this.shaping.waiting -= size;
  }

  #hits(kind: 'drop' | 'duplicate'): boolean {
    let hit = false;
    for (const effect of this.#effects) {
      const share = effect[kind];
      if (share !== undefined && this.shaping.random.next() < share) hit = true;
    }
    return hit;
  }

  #wait(bytes: number, deliver: () => void): void {
    const { shaping } = this;
    const size = bytes + DELAYED_COST;
    if (shaping.waiting + size > MOST_DELAYED_BYTES) return shaping.onOverflow();
    shaping.waiting += size;
    const at = shaping.clock.monotonic();
    this.#queue.push({ size, at, deliver, due: this.#plan(at, size) });
    this.#arm();
  }

  /** When a message may leave: after those before it, after its turn on a narrow link, after its delay. */
  #plan(at: number, size: number): number {
    let due = at;
    let turn = Math.max(at, this.#busyUntil);
    let narrow = false;
    for (const { delay, bandwidth } of this.#effects) {
      if (delay) due += delay.ms + (delay.jitterMs ?? 0) * this.shaping.random.next();
      if (bandwidth === undefined) continue;
      narrow = true;
      turn = Math.max(turn, Math.max(at, this.#busyUntil) + ((size - DELAYED_COST) / bandwidth) * SECOND);
    }
    if (narrow) {
      due += turn - at;
      this.#busyUntil = turn;
    }
    this.#lastDue = Math.max(this.#lastDue, due);
    return this.#lastDue;
  }

  #arm(): void {
    const [head] = this.#queue;
    if (this.#timer || !head) return;
    this.#timer = this.shaping.clock.setTimer(head.due - this.shaping.clock.monotonic(), () => this.#release());
  }

  #release(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const now = this.shaping.clock.monotonic();
    const open = this.#queue.findIndex(({ due }) => due > now);
    const due = this.#queue.splice(0, open < 0 ? this.#queue.length : open);
    for (const { size, deliver } of due) {
      this.shaping.waiting -= size;
      deliver();
    }
    this.#arm();
  }
}
