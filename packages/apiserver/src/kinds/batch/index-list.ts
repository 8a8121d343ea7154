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

function intervalOf(text: string, completions: number): readonly [first: number, last: number] {
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
