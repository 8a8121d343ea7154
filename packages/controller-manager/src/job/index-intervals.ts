/**
 * Completion indexes as ascending intervals, which a Job's status and policies write as text: `0,2-5`
 * (pkg/controller/job/indexed_job_utils.go).
 *
 * Invariant: intervals are ascending, apart and not empty; operations give new ones.
 */

interface Interval {
  readonly first: number;
  readonly last: number;
}

export class IndexIntervals {
  static readonly none = new IndexIntervals([]);

  private constructor(readonly intervals: readonly Interval[]) {}

  static of(indexes: Iterable<number>): IndexIntervals {
    return IndexIntervals.none.with(indexes);
  }

  /** Reads text; what can't be read, and what lies at or past `completions`, is left out. */
  static parse(text: string, completions: number): IndexIntervals {
    const intervals = text.split(',').flatMap((part): Interval[] => {
      const match = /^(\d+)(?:-(\d+))?$/.exec(part);
      if (!match) return [];
      const first = Number(match[1]);
      const last = Math.min(Number(match[2] ?? match[1]), completions - 1);
      return first <= last ? [{ first, last }] : [];
    });
    return new IndexIntervals(merged(intervals));
  }

  get total(): number {
    return this.intervals.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  }

  has(index: number): boolean {
    return this.intervals.some(({ first, last }) => first <= index && index <= last);
  }

  with(indexes: Iterable<number>): IndexIntervals {
    const added = [...indexes].map((index) => ({ first: index, last: index }));
    return added.length === 0 ? this : new IndexIntervals(merged([...this.intervals, ...added]));
  }

  union({ intervals }: IndexIntervals): IndexIntervals {
    return new IndexIntervals(merged([...this.intervals, ...intervals]));
  }

  /** How many indexes both have. */
  overlap({ intervals }: IndexIntervals): number {
    let count = 0;
    for (const a of this.intervals) {
      for (const b of intervals) count += Math.max(0, Math.min(a.last, b.last) - Math.max(a.first, b.first) + 1);
    }
    return count;
  }

  /** The lowest `count` indexes below `completions` that are not here. */
  firstMissing(count: number, completions: number): number[] {
    const missing: number[] = [];
    let candidate = 0;
    for (const { first, last } of [...this.intervals, { first: completions, last: completions }]) {
      for (; candidate < first && candidate < completions && missing.length < count; candidate++) {
        missing.push(candidate);
      }
      candidate = Math.max(candidate, last + 1);
    }
    return missing;
  }

  toString(): string {
    return this.intervals.map(textOf).join(',');
  }
}

function merged(intervals: readonly Interval[]): Interval[] {
  const result: Interval[] = [];
  for (const next of [...intervals].sort((a, b) => a.first - b.first)) {
    const previous = result.at(-1);
    if (!previous || next.first > previous.last + 1) result.push(next);
    else result[result.length - 1] = { first: previous.first, last: Math.max(previous.last, next.last) };
  }
  return result;
}

/** Two neighbours are written apart, as upstream does. */
function textOf({ first, last }: Interval): string {
  if (first === last) return `${first}`;
  return last === first + 1 ? `${first},${last}` : `${first}-${last}`;
}
