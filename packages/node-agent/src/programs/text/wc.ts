/**
 * `wc`
 */
import type { ProcessContext } from '../../runtime/process/process-context.ts';
import { applet, eachInput, flavourOf } from '../support/applet.ts';
import { parseOptions } from '../support/command-line.ts';

interface Counts {
  lines: number;
  words: number;
  characters: number;
  bytes: number;
  longest: number;
}

export const wc = applet(async (process, args) => {
  const line = parseOptions(args, {
    flags: 'lwcmL',
    long: { lines: 'l', words: 'w', bytes: 'c', chars: 'm', 'max-line-length': 'L' },
  });
  const asked = [...'lwmcL'].filter((letter) => line.has(letter));
  const columns = asked.length > 0 ? asked : ['l', 'w', 'c'];
  const total = zero();
  const rows: (readonly [Counts, string])[] = [];
  const status = await eachInput(process, line.operands, async (input, path) => {
    const counts = await count(process, input);
    rows.push([counts, line.operands.length === 0 ? '' : path]);
    for (const key of ['lines', 'words', 'characters', 'bytes'] as const) total[key] += counts[key];
    total.longest = Math.max(total.longest, counts.longest);
  });
  if (rows.length > 1) rows.push([total, 'total']);
  const width = widthOf(process, rows, columns, line.operands);
  for (const [counts, name] of rows) {
    const numbers = columns.map((letter) => String(counts[FIELD[letter] ?? 'bytes']).padStart(width));
    await process.print(`${numbers.join(' ')}${name === '' ? '' : ` ${name}`}\n`);
  }
  return status;
});

const FIELD: Readonly<Record<string, keyof Counts>> = {
  l: 'lines',
  w: 'words',
  c: 'bytes',
  m: 'characters',
  L: 'longest',
};

function zero(): Counts {
  return { lines: 0, words: 0, characters: 0, bytes: 0, longest: 0 };
}

/** busybox: one number stands alone, several in columns of nine; GNU: as wide as the largest, seven for a stream. */
function widthOf(
  process: ProcessContext,
  rows: readonly (readonly [Counts, string])[],
  columns: readonly string[],
  operands: readonly string[],
): number {
  if (columns.length === 1 && rows.length === 1) return 0;
  if (flavourOf(process) === 'busybox') return columns.length === 1 ? 0 : 9;
  if (operands.length === 0 || operands.includes('-')) return 7;
  return Math.max(...rows.map(([counts]) => String(counts.bytes).length));
}

async function count(process: ProcessContext, input: AsyncIterable<Uint8Array>): Promise<Counts> {
  const counts = zero();
  let inWord = false;
  let column = 0;
  for await (const chunk of input) {
    counts.bytes += chunk.length;
    for (const byte of chunk) {
      const blank = byte === 32 || (byte >= 9 && byte <= 13);
      if (!blank && !inWord) counts.words++;
      inWord = !blank;
      if ((byte & 0xc0) !== 0x80) {
        counts.characters++;
        column++;
      }
      if (byte !== 10) continue;
      counts.lines++;
      counts.longest = Math.max(counts.longest, column - 1);
      column = 0;
    }
    await process.step();
  }
  counts.longest = Math.max(counts.longest, column);
  return counts;
}
