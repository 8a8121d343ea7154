/**
 * `tail`: the end of files, and with -f what is added to them.
 */
import { isFileError } from '../../runtime/filesystem/file-error.ts';
import type { ProcessContext } from '../../runtime/process/process-context.ts';
import { absolute, applet, complain, eachInput, linesOf } from '../support/applet.ts';
import { parseOptions } from '../support/command-line.ts';
import { countOf } from './head.ts';

/** What is kept of the end of a stream. */
const MOST_BYTES = 16 * 1024 * 1024;

interface Position {
  readonly path: string;
  size: number;
  ino: number;
}

export const tail = applet(async (process, args) => {
  const line = parseOptions(
    args.map((word, i) => (i === 0 ? word.replace(/^\+(\d+)$/, '-n+$1') : word)),
    {
      flags: 'fFqv',
      values: 'ncs',
      digits: 'n',
      long: { follow: 'f', retry: 'F', lines: 'n', bytes: 'c', quiet: 'q', 'sleep-interval': 's' },
    },
  );
  const bytes = line.value('c');
  const text = bytes ?? line.value('n') ?? '10';
  const fromStart = text.startsWith('+');
  const count = Math.abs(countOf(text));
  const titled = !line.has('q') && (line.has('v') || line.operands.length > 1);
  const follows = line.has('f') || line.has('F');
  const positions: Position[] = [];
  let first = true;
  const status = await eachInput(process, line.operands, async (input, path) => {
    if (titled) await process.print(`${first ? '' : '\n'}==> ${path} <==\n`);
    first = false;
    const print = bytes === undefined ? printEnd : printBytes;
    const size = await print(process, input, { count, fromStart });
    if (path !== '-') positions.push({ path, size, ino: statusOf(process, path)?.ino ?? 0 });
  });
  if (!follows) return status;
  if (line.has('F'))
    for (const path of line.operands)
      if (!positions.some((one) => one.path === path)) positions.push({ path, size: 0, ino: 0 });
  if (positions.length === 0) return status;
  await follow(process, positions, { titled, interval: Number(line.value('s') ?? 1) * 1000 });
  return status;
});

interface End {
  readonly count: number;
  readonly fromStart: boolean;
}

/** Prints what is asked for; gives the number of bytes that were read. */
async function printEnd(process: ProcessContext, input: AsyncIterable<Uint8Array>, end: End): Promise<number> {
  let size = 0;
  const counted = (async function* () {
    for await (const chunk of input) {
      size += chunk.length;
      yield chunk;
    }
  })();
  const kept: string[] = [];
  let keptBytes = 0;
  let skip = end.count - 1;
  for await (const piece of linesOf(counted)) {
    if (end.fromStart) {
      if (skip-- <= 0) await process.print(Buffer.from(piece, 'latin1'));
      continue;
    }
    kept.push(piece);
    keptBytes += piece.length;
    while (kept.length > end.count || keptBytes > MOST_BYTES) keptBytes -= (kept.shift() ?? '').length;
  }
  if (kept.length > 0) await process.print(Buffer.from(kept.join(''), 'latin1'));
  return size;
}

/** The same, counted in bytes. What is asked for from the start on goes out as it comes. */
async function printBytes(process: ProcessContext, input: AsyncIterable<Uint8Array>, end: End): Promise<number> {
  const most = Math.min(end.count, MOST_BYTES);
  const kept: Uint8Array[] = [];
  let keptBytes = 0;
  let size = 0;
  for await (const chunk of input) {
    const skipped = end.fromStart ? Math.max(0, end.count - 1 - size) : 0;
    size += chunk.length;
    if (end.fromStart) {
      if (skipped < chunk.length) await process.print(chunk.subarray(skipped));
      continue;
    }
    kept.push(chunk);
    keptBytes += chunk.length;
    for (let first = kept[0]; first && keptBytes - first.length >= most; first = kept[0]) {
      keptBytes -= first.length;
      kept.shift();
    }
  }
  if (keptBytes > 0 && most > 0) await process.print(Buffer.concat(kept).subarray(-most));
  return size;
}

function statusOf(process: ProcessContext, path: string): { readonly size: number; readonly ino: number } | undefined {
  try {
    return process.fileSystem().status(absolute(process, path));
  } catch (error) {
    if (isFileError(error)) return undefined;
    throw error;
  }
}

/** Looks for more every interval, until the process ends. */
async function follow(
  process: ProcessContext,
  positions: readonly Position[],
  options: { titled: boolean; interval: number },
): Promise<never> {
  let last = positions.at(-1);
  for (;;) {
    for (const position of positions) {
      const added = await newBytes(process, position);
      if (added === undefined || added.length === 0) continue;
      if (options.titled && last !== position) await process.print(`\n==> ${position.path} <==\n`);
      last = position;
      await process.print(added);
    }
    await process.sleep(options.interval);
  }
}

async function newBytes(process: ProcessContext, position: Position): Promise<Uint8Array | undefined> {
  const status = statusOf(process, position.path);
  if (status === undefined) return undefined;
  if (status.ino !== position.ino) {
    if (position.ino !== 0) await complain(process, `${position.path} has been replaced; following new file`);
    position.ino = status.ino;
    position.size = 0;
  } else if (status.size < position.size) {
    await complain(process, `${position.path}: file truncated`);
    position.size = 0;
  }
  if (status.size === position.size) return undefined;
  const content = process.fileSystem().readFile(absolute(process, position.path)).slice(position.size);
  position.size += content.length;
  return content;
}
