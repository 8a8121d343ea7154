/**
 * The longest common runs of two lists of lines, found as Python's difflib finds them, which upstream's library follows
 * (upstream: github.com/pmezard/go-difflib): the longest run first, then left and right of it. In lists of 200 lines and
 * more, lines that make up more than a hundredth of the second list don't start a run; they only lengthen one.
 */

const POPULAR_FROM = 200;

/** A part of the first list and the part of the second that stands in its place. */
export interface Step {
  readonly equal: boolean;
  readonly aFrom: number;
  readonly aTo: number;
  readonly bFrom: number;
  readonly bTo: number;
}

interface Run {
  readonly a: number;
  readonly b: number;
  readonly size: number;
}

/** Steps that turn `a` into `b`, in order and without gaps. */
export function stepsBetween(a: readonly string[], b: readonly string[]): Step[] {
  const steps: Step[] = [];
  let [i, j] = [0, 0];
  for (const run of [...matchingRuns(a, b), { a: a.length, b: b.length, size: 0 }]) {
    if (i < run.a || j < run.b) steps.push({ equal: false, aFrom: i, aTo: run.a, bFrom: j, bTo: run.b });
    [i, j] = [run.a + run.size, run.b + run.size];
    if (run.size > 0) steps.push({ equal: true, aFrom: run.a, aTo: i, bFrom: run.b, bTo: j });
  }
  return steps;
}

function matchingRuns(a: readonly string[], b: readonly string[]): Run[] {
  const places = placesOf(b);
  const runs: Run[] = [];
  const search = (aFrom: number, aTo: number, bFrom: number, bTo: number): void => {
    const run = longestRun(a, b, places, { aFrom, aTo, bFrom, bTo });
    if (run.size === 0) return;
    if (aFrom < run.a && bFrom < run.b) search(aFrom, run.a, bFrom, run.b);
    runs.push(run);
    const [aNext, bNext] = [run.a + run.size, run.b + run.size];
    if (aNext < aTo && bNext < bTo) search(aNext, aTo, bNext, bTo);
  };
  search(0, a.length, 0, b.length);
  return joined(runs);
}

function placesOf(lines: readonly string[]): Map<string, number[]> {
  const places = new Map<string, number[]>();
  for (const [i, line] of lines.entries()) {
    const known = places.get(line);
    if (known) known.push(i);
    else places.set(line, [i]);
  }
  if (lines.length < POPULAR_FROM) return places;
  const limit = Math.floor(lines.length / 100) + 1;
  for (const [line, at] of places) if (at.length > limit) places.delete(line);
  return places;
}

type Window = Omit<Step, 'equal'>;

function longestRun(
  a: readonly string[],
  b: readonly string[],
  places: ReadonlyMap<string, readonly number[]>,
  { aFrom, aTo, bFrom, bTo }: Window,
): Run {
  let [bestA, bestB, size] = [aFrom, bFrom, 0];
  let lengths = new Map<number, number>();
  for (let i = aFrom; i < aTo; i++) {
    const next = new Map<number, number>();
    for (const j of places.get(a[i] as string) ?? []) {
      if (j < bFrom) continue;
      if (j >= bTo) break;
      const length = (lengths.get(j - 1) ?? 0) + 1;
      next.set(j, length);
      if (length > size) [bestA, bestB, size] = [i - length + 1, j - length + 1, length];
    }
    lengths = next;
  }
  for (; bestA > aFrom && bestB > bFrom && a[bestA - 1] === b[bestB - 1]; size++)
    [bestA, bestB] = [bestA - 1, bestB - 1];
  while (bestA + size < aTo && bestB + size < bTo && a[bestA + size] === b[bestB + size]) size++;
  return { a: bestA, b: bestB, size };
}

/** Runs that touch each other are one. */
function joined(runs: readonly Run[]): Run[] {
  const whole: Run[] = [];
  for (const run of runs) {
    const last = whole.at(-1);
    if (last && last.a + last.size === run.a && last.b + last.size === run.b) {
      whole[whole.length - 1] = { ...last, size: last.size + run.size };
    } else whole.push(run);
  }
  return whole;
}
