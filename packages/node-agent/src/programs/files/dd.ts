/**
 * `dd` and `truncate`
 */
import type { ProcessContext } from '../../runtime/process/process-context.ts';
import { absolute, applet, eachPath } from '../support/applet.ts';
import { parseOptions, UsageError } from '../support/command-line.ts';

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  c: 1,
  w: 2,
  b: 512,
  k: 1024,
  K: 1024,
  kB: 1000,
  M: 1_048_576,
  MB: 1_000_000,
  G: 1_073_741_824,
  GB: 1_000_000_000,
};
/** One block. */
const LARGEST_BLOCK = 64 * 1024 * 1024;

function sizeOf(text: string): number {
  const match = /^([0-9]+)([a-zA-Z]*)$/.exec(text);
  const unit = UNITS[(match?.[2] ?? '').replace(/iB$/, '')];
  if (match === null || unit === undefined) throw new UsageError(`invalid number '${text}'`);
  return Number(match[1]) * unit;
}

export const dd = applet(async (process, args) => {
  const given = new Map(
    args.map((word): [string, string] => [word.split('=')[0] ?? '', word.slice(word.indexOf('=') + 1)]),
  );
  const block = sizeOf(given.get('bs') ?? given.get('ibs') ?? '512');
  if (block === 0 || block > LARGEST_BLOCK) throw new UsageError(`invalid number '${given.get('bs')}'`);
  const conversions = given.get('conv')?.split(',') ?? [];
  openInput(process, given.get('if'));
  openOutput(process, given.get('of'), conversions.includes('notrunc'));
  const skip = sizeOf(given.get('skip') ?? '0');
  if (skip > 0) await skipBlocks(process, skip * block);
  const seek = sizeOf(given.get('seek') ?? '0');
  if (seek > 0) process.fds.get(1).seek(seek * block, 'start');
  const started = process.clock.now();
  const count = given.has('count') ? sizeOf(given.get('count') ?? '') : Number.POSITIVE_INFINITY;
  const { full, partial, bytes } = await copy(process, block, count);
  if (given.get('status') === 'none') return 0;
  const records = `${full}+${partial} records`;
  const seconds = Math.max(0.000001, (process.clock.now() - started) / 1000);
  const rate = (bytes / seconds / 1_048_576).toFixed(1);
  const summary =
    given.get('status') === 'noxfer'
      ? ''
      : `${bytes} bytes (${(bytes / 1_048_576).toFixed(1)}MB) copied, ${seconds.toFixed(6)} seconds, ${rate}MB/s\n`;
  await process.printError(`${records} in\n${records} out\n${summary}`);
  return 0;
});

function openInput(process: ProcessContext, path: string | undefined): void {
  if (path !== undefined) process.fds.set(0, process.open(path, { read: true }));
}

function openOutput(process: ProcessContext, path: string | undefined, keeps: boolean): void {
  if (path !== undefined) process.fds.set(1, process.open(path, { write: true, create: true, truncate: !keeps }));
}

async function skipBlocks(process: ProcessContext, bytes: number): Promise<void> {
  for (let left = bytes; left > 0; ) {
    const chunk = await process.read(0, { max: Math.min(left, 65_536) });
    if (chunk === undefined) return;
    left -= chunk.length;
  }
}

async function copy(
  process: ProcessContext,
  block: number,
  count: number,
): Promise<{ full: number; partial: number; bytes: number }> {
  let full = 0;
  let partial = 0;
  let bytes = 0;
  while (full + partial < count) {
    const size = await copyBlock(process, block);
    bytes += size;
    if (size === block) full++;
    else if (size > 0) partial++;
    if (size < block) break;
  }
  return { full, partial, bytes };
}

/** A block is put together of what comes: devices and pipes give less at a time. */
async function copyBlock(process: ProcessContext, block: number): Promise<number> {
  let size = 0;
  while (size < block) {
    const chunk = await process.read(0, { max: Math.min(block - size, 65_536) });
    if (chunk === undefined || chunk.length === 0) break;
    await process.print(chunk);
    size += chunk.length;
  }
  return size;
}

export const truncate = applet(async (process, args) => {
  const line = parseOptions(args, { flags: 'c', values: 's', long: { size: 's', 'no-create': 'c' } });
  const size = sizeOf(line.value('s') ?? '');
  return eachPath(
    process,
    line.operands,
    (path, reason) => `${path}: ${reason}`,
    (path) => {
      const place = absolute(process, path);
      const files = process.fileSystem();
      if (!files.exists(place)) {
        if (line.has('c')) return;
        files.writeFile(place, new Uint8Array(0));
      }
      files.truncate(place, size);
    },
  );
});
