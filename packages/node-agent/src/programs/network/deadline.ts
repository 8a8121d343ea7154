/**
 * The end of a program's patience: a signal that aborts after so much real time, or when the process is killed.
 * Who makes one cancels it.
 */
import type { Timer } from '@regatta/runtime';
import type { NetworkProcess } from './network-process.ts';

export class Deadline {
  readonly #controller = new AbortController();
  #timer: Timer | undefined;
  readonly #onKill = (): void => this.#controller.abort();
  #isOver = false;

  /** @param milliseconds undefined: only the process's end counts */
  constructor(
    private readonly process: Pick<NetworkProcess, 'clock' | 'killed'>,
    private readonly milliseconds: number | undefined,
  ) {
    if (process.killed.aborted) this.#controller.abort();
    process.killed.addEventListener('abort', this.#onKill, { once: true });
    this.restart();
  }

  /** Something has happened: the time begins anew. */
  restart(): void {
    this.#timer?.cancel();
    if (this.milliseconds === undefined || this.signal.aborted) return;
    this.#timer = this.process.clock.real.setTimer(this.milliseconds, () => {
      this.#isOver = true;
      this.#controller.abort();
    });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Time was up, rather than the process killed. */
  get isOver(): boolean {
    return this.#isOver;
  }

  cancel(): void {
    this.#timer?.cancel();
    this.process.killed.removeEventListener('abort', this.#onKill);
  }
}
