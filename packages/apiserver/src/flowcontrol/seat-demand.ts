/**
 * How many seats a level wanted over the last while: what borrowing goes by
 * (upstream: seatDemandStats of staging/src/k8s.io/apiserver/pkg/util/flowcontrol/apf_controller.go, fairqueuing/integrator.go).
 */
/** Half of what was is forgotten in five minutes of periods of ten seconds. */
const SMOOTHING = 0.977;

export class SeatDemand {
  /** Of the last whole period. */
  average = 0;
  deviation = 0;
  highWatermark = 0;
  smoothed = 0;
  #value = 0;
  #since: number;
  #began: number;
  #highest = 0;
  #area = 0;
  #squares = 0;

  /** @param now monotonic milliseconds */
  constructor(now: number) {
    this.#since = now;
    this.#began = now;
  }

  set(seats: number, now: number): void {
    this.#advance(now);
    this.#value = seats;
    if (seats > this.#highest) this.#highest = seats;
  }

  /** Ends a period. */
  roll(now: number): void {
    this.#advance(now);
    const time = now - this.#began;
    this.highWatermark = this.#highest;
    if (time > 0) {
      this.average = this.#area / time;
      this.deviation = Math.sqrt(Math.max(0, this.#squares / time - this.average ** 2));
      const envelope = this.average + this.deviation;
      this.smoothed = Math.max(envelope, SMOOTHING * this.smoothed + (1 - SMOOTHING) * envelope);
    }
    this.#began = now;
    this.#area = 0;
    this.#squares = 0;
    this.#highest = this.#value;
  }

  #advance(now: number): void {
    const time = now - this.#since;
    this.#since = now;
    if (this.#value === 0) return;
    this.#area += this.#value * time;
    this.#squares += this.#value ** 2 * time;
  }
}
