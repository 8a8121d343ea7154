/**
 * Indexes of completions as text, `1,3-5,7` (upstream: validateIndexesFormat of pkg/apis/batch/validation/validation.go).
 */
export class IndexListError extends Error {
  readonly code = 'bad-index-list';
}

/** How many indexes are named. @throws IndexListError */
export function indexCount(text: string, completions: number): number {
  if (text === '') return 0;
  let total = 0;
  let last: number | undefined;
  for (const interval of text.split(',')) {
    const [first, end] = intervalOf(interval, completions);
    if (last !== undefined && last >= first) throw notIncreasing(last, first);
    total += end - first + 1;
    last = end;
  }
  return total;
}

/** The first index that both lists name; intervals that can't be read are passed over. */
export function firstOverlap(one: string, other: string, completions: number): number | undefined {
  const [left, right] = [readable(one, completions), readable(other, completions)];
  for (let i = 0, j = 0; ; ) {
    const [a, b] = [left[i], right[j]];
    if (!a || !b) return undefined;
    if (a[0] <= b[1] && b[0] <= a[1]) return Math.max(a[0], b[0]);
    if (a[0] <= b[0]) i++;
    else j++;
  }
}

type Interval = readonly [first: number, last: number];

function readable(text: string, completions: number): Interval[] {
  return text.split(',').flatMap((interval) => {
    try {
      return [intervalOf(interval, completions)];
    } catch {
      return [];
    }
  });
}

function intervalOf(text: string, completions: number): Interval {
  const limits = text.split('-');
  if (limits.length > 2) {
    throw new IndexListError(
      `the fragment "${text}" violates the requirement that an index interval can have at most two parts separated by '-'`,
    );
  }
  const [first = 0, last] = limits.map((limit) => indexOf(limit, completions));
  if (last === undefined) return [first, first];
  if (first >= last) throw notIncreasing(first, last);
  return [first, last];
}

function indexOf(text: string, completions: number): number {
  if (!/^\+?\d+$/.test(text)) throw new IndexListError(`cannot convert string to integer for index: "${text}"`);
  const index = Number(text);
  if (index >= completions) throw new IndexListError(`too large index: "${text}"`);
  return index;
}

function notIncreasing(previous: number, current: number): IndexListError {
  return new IndexListError(`non-increasing order, previous: ${previous}, current: ${current}`);
}
