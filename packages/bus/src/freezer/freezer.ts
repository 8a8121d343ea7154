/**
 * Holds one process stopped for a while.
 *
 * Invariants: only the freezer's parent, or another child of that parent, is ever stopped; who was stopped goes on when
 * the time is over, when `thaw` is called, and when the freezer ends; a process that somebody else let go on, or that is
 * gone, ends the freezer too.
 */
import { type Clock, sleep, type Timer } from '@regatta/runtime';
import { lookAt, type ProcessView } from './other-process.ts';

/** Real milliseconds between looks at the process. */
const LOOK_MS = 250;

/** Real milliseconds that the last answers on the bus may take before the process goes on. */
const LAST_ANSWERS_MS = 200;

/** Looks before a process that does not stop is given up. */
const STOPPING_LOOKS = 8;

export class FreezeError extends Error {
  readonly code = 'refused';
}

export class Freezer {
  readonly #first: ProcessView;
  #done = false;
  #thawing = false;
  /** What is done before the process goes on. */
  beforeThaw: () => Promise<void> = () => Promise.resolve();
  /** When the process goes on, monotonic ms. */
  #ends: number;
  #frozen = false;
  #seenStopped = false;
  #looks = 0;
  #timer: Timer | undefined;

  /**
   * @param forMs real milliseconds from the moment it is stopped
   * @param onOver called once when the process goes on or is gone
   * @throws FreezeError when it may not be stopped
   */
  constructor(
    readonly clock: Clock,
    readonly pid: number,
    readonly forMs: number,
    readonly onOver: (why: string) => void,
  ) {
    this.#first = checked(pid);
    this.#ends = clock.monotonic() + forMs;
  }

  /** Real milliseconds that are left. */
  get leftMs(): number {
    return Math.max(0, this.#ends - this.clock.monotonic());
  }

  stop(): void {
    if (this.#frozen || this.#thawing || this.#done) return;
    if (!this.#isSame()) return this.#over('the process is gone');
    this.#frozen = true;
    this.#ends = this.clock.monotonic() + this.forMs;
    process.kill(this.pid, 'SIGSTOP');
    this.#look();
  }

  /** Goes on so many real milliseconds from now, instead of when it was told before. */
  extend(forMs: number): void {
    this.#ends = this.clock.monotonic() + forMs;
    if (this.#frozen && !this.#thawing) this.#look();
  }

  /** Whether the process is about to go on. */
  get isThawing(): boolean {
    return this.#thawing;
  }

  /** Lets it go on. */
  thaw(why: string): void {
    if (this.#thawing) return;
    this.#thawing = true;
    this.#timer?.cancel();
    const over = (): void => {
      this.#continue();
      this.#over(why);
    };
    if (!this.#frozen) return over();
    const limit = sleep(this.clock, LAST_ANSWERS_MS);
    void Promise.race([this.beforeThaw().catch(() => {}), limit]).then(over);
  }

  /** Lets it go on without a word: this process ends. */
  release(): void {
    this.#continue();
    this.#frozen = false;
  }

  kill(): void {
    if (this.#isSame()) process.kill(this.pid, 'SIGKILL');
    this.#over('killed');
  }

  #look(): void {
    this.#timer?.cancel();
    const now = lookAt(this.pid);
    if (now?.started !== this.#first.started) return this.#over('the process is gone');
    // Its supervisor is dead: it must be able to follow.
    if (now.parent !== this.#first.parent) return this.thaw('the parent of the process is gone');
    if (this.leftMs === 0) return this.thaw('the time is over');
    this.#looks++;
    if (now.stopped) this.#seenStopped = true;
    else if (this.#seenStopped) return this.#over('somebody else let the process go on');
    else if (this.#looks > STOPPING_LOOKS) return this.thaw('the process does not stop');
    this.#timer = this.clock.setTimer(Math.min(LOOK_MS, this.leftMs), () => this.#look());
  }

  #continue(): void {
    if (this.#frozen && this.#isSame()) process.kill(this.pid, 'SIGCONT');
  }

  #isSame(): boolean {
    return lookAt(this.pid)?.started === this.#first.started;
  }

  #over(why: string): void {
    if (this.#done) return;
    this.#done = true;
    this.#timer?.cancel();
    this.#frozen = false;
    this.onOver(why);
  }
}

function checked(pid: number): ProcessView {
  const seen = lookAt(pid);
  if (!seen) throw new FreezeError(`there is no process ${pid}`);
  if (pid !== process.ppid && seen.parent !== process.ppid)
    throw new FreezeError(`process ${pid} is neither the parent of this freezer nor another child of it`);
  if (pid === 1)
    throw new FreezeError('the first process of a container cannot be stopped from inside; give the container an init');
  return seen;
}
