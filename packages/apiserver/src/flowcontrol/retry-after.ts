/**
 * How long those who were refused should stay away: doubled while refusals go on, less again when they end
 * (upstream: staging/src/k8s.io/apiserver/pkg/util/flowcontrol/dropped_requests_tracker.go).
 */
const LONGEST = 32;
/** Refusals in each of the seconds that are asked to wait which make it more. */
const MANY = 3;

export class RetryAfter {
  /** Seconds. */
  seconds = 1;
  /** Refusals by second of the clock, the oldest first. */
  readonly #history: { readonly second: number; count: number }[] = [];
  #raised = 0;

  /** @param now milliseconds */
  refused(now: number): void {
    const second = Math.floor(now / 1000);
    const last = this.#history.at(-1);
    if (last?.second === second) {
      last.count++;
      return;
    }
    while (this.#history[0] && second - this.#history[0].second > LONGEST) this.#history.shift();
    this.#adjust(second);
    this.#history.push({ second, count: 1 });
  }

  #adjust(second: number): void {
    const recent = this.#history.filter((entry) => second - entry.second <= this.seconds);
    const refusals = recent.reduce((all, { count }) => all + count, 0);
    if (second - this.#raised >= this.seconds && refusals >= MANY * this.seconds) {
      this.seconds = Math.min(this.seconds * 2, LONGEST);
      this.#raised = second;
    } else if (refusals < this.seconds && this.seconds > 1) this.seconds--;
  }
}
