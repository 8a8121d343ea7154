/**
 * What one series of a metric holds: a number that grows, one that goes up and down, or how many observations fell where.
 *
 * Invariant: adding to a series makes no garbage and looks nothing up; whoever counts often keeps the series.
 */
export class Counter {
  value = 0;

  inc(by = 1): void {
    this.value += by;
  }
}

export class Histogram {
  /** Observations of each bucket alone, without those of the ones below it. */
  readonly counts: Float64Array;
  count = 0;
  sum = 0;

  /** @param bounds upper bounds, ascending; what is above all of them counts in `count` alone */
  constructor(readonly bounds: readonly number[]) {
    this.counts = new Float64Array(bounds.length);
  }

  observe(value: number): void {
    this.count++;
    this.sum += value;
    const { bounds, counts } = this;
    for (let i = 0; i < bounds.length; i++) {
      if (value <= (bounds[i] ?? 0)) {
        counts[i] = (counts[i] ?? 0) + 1;
        return;
      }
    }
  }
}
