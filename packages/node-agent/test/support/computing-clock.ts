/**
 * A machine on which looking at the clock takes time: what programs compute between two looks, without computing.
 * Waiting costs no real time.
 */
import { type Clock, type Timer, yieldToEventLoop } from '@regatta/runtime';

export class ComputingClock implements Clock {
  #time = 0;

  /** @param lookMs what goes by with each look */
  constructor(private readonly lookMs: number) {}

  now(): number {
    return this.#time;
  }

  monotonic(): number {
    this.#time += this.lookMs;
    return this.#time;
  }

  setTimer(delay: number, callback: () => void): Timer {
    let isCancelled = false;
    void yieldToEventLoop().then(() => {
      if (isCancelled) return;
      this.#time += delay;
      callback();
    });
    return {
      cancel: () => {
        isCancelled = true;
      },
    };
  }
}
