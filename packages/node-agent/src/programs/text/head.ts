/**
 * `head`
 */
import { applet, eachInput, linesOf } from '../support/applet.ts';
import { parseOptions, UsageError } from '../support/command-line.ts';

export const head = applet(async (process, args) => {
  const line = parseOptions(args, {
    flags: 'qv',
    values: 'nc',
    digits: 'n',
    long: { lines: 'n', bytes: 'c', quiet: 'q', verbose: 'v' },
  });
  const bytes = line.value('c');
  const count = countOf(bytes ?? line.value('n') ?? '10');
  const titled = !line.has('q') && (line.has('v') || line.operands.length > 1);
  let first = true;
  return eachInput(process, line.operands, async (input, path) => {
    if (titled) await process.print(`${first ? '' : '\n'}==> ${path === '-' ? 'standard input' : path} <==\n`);
    first = false;
    if (bytes !== undefined) return firstBytes(input, count, (chunk) => process.print(chunk));
    return firstLines(input, count, (text) => process.print(Buffer.from(text, 'latin1')));
  });
});

/** A number with a suffix (k, m, b); negative counts from the end. */
export function countOf(text: string): number {
  const match = /^([-+]?[0-9]+)([bkKmMG]?)[bB]?$/.exec(text);
  if (match === null) throw new UsageError(`invalid number '${text}'`);
  const unit = { b: 512, k: 1024, K: 1024, m: 1_048_576, M: 1_048_576, G: 1_073_741_824 }[match[2] ?? ''] ?? 1;
  return Number(match[1]) * unit;
}

async function firstBytes(
  input: AsyncIterable<Uint8Array>,
  count: number,
  print: (chunk: Uint8Array) => Promise<void>,
): Promise<void> {
  let left = count;
  if (left <= 0) return;
  for await (const chunk of input) {
    await print(chunk.subarray(0, left));
    left -= chunk.length;
    if (left <= 0) return;
  }
}

async function firstLines(
  input: AsyncIterable<Uint8Array>,
  count: number,
  print: (text: string) => Promise<void>,
): Promise<void> {
  if (count === 0) return;
  const held: string[] = [];
  let left = count;
  for await (const text of linesOf(input)) {
    if (count > 0) {
      await print(text);
      if (--left === 0) return;
      continue;
    }
    // All but the last ones.
    held.push(text);
    if (held.length > -count) await print(held.shift() ?? '');
  }
}
