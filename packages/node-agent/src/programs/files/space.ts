/**
 * `df`, `du`, `mount`: what there is of file systems, and what files take of them.
 */
import { isFileError } from '../../runtime/filesystem/file-error.ts';
import type { FileSystemStatus } from '../../runtime/filesystem/file-status.ts';
import type { ProcessContext } from '../../runtime/process/process-context.ts';
import { absolute, applet, eachPath, flavourOf } from '../support/applet.ts';
import { type CommandLine, parseOptions } from '../support/command-line.ts';
import { humanSize } from '../support/mode-text.ts';

export const df = applet(async (process, args) => {
  const line = parseOptions(args, {
    flags: 'hHkmPTia',
    values: 'tB',
    long: { 'human-readable': 'h', portability: 'P', 'print-type': 'T' },
  });
  const files = process.fileSystem();
  const rows: FileSystemStatus[] = [];
  const status = await eachPath(
    process,
    line.operands,
    (path, reason) => `${path}: ${reason}`,
    (path) => {
      rows.push(files.fileSystemStatus(absolute(process, path)));
    },
  );
  if (line.operands.length === 0) for (const { path } of files.mounts()) rows.push(files.fileSystemStatus(path));
  await process.print(table(rows, line));
  return status;
});

function table(rows: readonly FileSystemStatus[], line: CommandLine): string {
  const size = (bytes: number): string =>
    line.has('h')
      ? humanSize(bytes)
      : line.has('m')
        ? String(Math.ceil(bytes / 1_048_576))
        : String(Math.ceil(bytes / 1024));
  const unit = line.has('h') ? 'Size' : line.has('m') ? '1M-blocks' : line.has('P') ? '1024-blocks' : '1K-blocks';
  const type = line.has('T');
  const cells = rows.map((row) => {
    const share = row.total === 0 ? 0 : Math.ceil((row.used / row.total) * 100);
    return [
      row.device,
      ...(type ? [row.type] : []),
      size(row.total),
      size(row.used),
      size(row.free),
      `${share}%`,
      row.path,
    ];
  });
  const header = ['Filesystem', ...(type ? ['Type'] : []), unit, 'Used', 'Available', 'Use%', 'Mounted on'];
  const first = type ? 2 : 1;
  return [header, ...cells]
    .map((row) =>
      row
        .map((cell, i) =>
          i === 0
            ? cell.padEnd(20)
            : i < first
              ? cell.padEnd(10)
              : i === row.length - 1
                ? cell
                : cell.padStart(i === row.length - 2 ? 4 : 9),
        )
        .join(' '),
    )
    .map((text) => `${text}\n`)
    .join('');
}

export const du = applet(async (process, args) => {
  const line = parseOptions(args, {
    flags: 'ashkmcxHLdb',
    values: 'd',
    long: { all: 'a', summarize: 's', 'human-readable': 'h', 'max-depth': 'd', total: 'c', bytes: 'b' },
  });
  const deepest = line.has('s') ? 0 : Number(line.value('d') ?? Number.POSITIVE_INFINITY);
  const show = (bytes: number): string =>
    line.has('b')
      ? String(bytes)
      : line.has('h')
        ? humanSize(bytes)
        : String(Math.ceil(bytes / (line.has('m') ? 1_048_576 : 1024)));
  let total = 0;
  const lines: string[] = [];
  const describe = (path: string, reason: string): string =>
    flavourOf(process) === 'gnu' ? `cannot access '${path}': ${reason}` : `${path}: ${reason}`;
  const status = await eachPath(process, line.operands.length === 0 ? ['.'] : line.operands, describe, async (path) => {
    total += await measure(
      process,
      path,
      0,
      (depth, name, bytes, isDirectory) => {
        if (depth <= deepest && (isDirectory || depth === 0 || line.has('a'))) lines.push(`${show(bytes)}\t${name}\n`);
      },
      line.has('b'),
    );
  });
  if (line.has('c')) lines.push(`${show(total)}\ttotal\n`);
  await process.print(lines.join(''));
  return status;
});

const BLOCK = 4096;

type Visit = (depth: number, path: string, bytes: number, isDirectory: boolean) => void;

async function measure(
  process: ProcessContext,
  path: string,
  depth: number,
  visit: Visit,
  apparent: boolean,
): Promise<number> {
  const files = process.fileSystem();
  const status = files.status(absolute(process, path), false);
  let bytes = apparent ? status.size : status.kind === 'directory' ? BLOCK : Math.ceil(status.size / BLOCK) * BLOCK;
  if (status.kind === 'directory') {
    for (const name of listed(process, path))
      bytes += await measure(
        process,
        `${path.replace(/(.)\/$/, '$1').replace(/^\/$/, '')}/${name}`,
        depth + 1,
        visit,
        apparent,
      );
  }
  visit(depth, path, bytes, status.kind === 'directory');
  await process.step();
  return bytes;
}

function listed(process: ProcessContext, path: string): readonly string[] {
  try {
    return process.fileSystem().list(absolute(process, path));
  } catch (error) {
    if (isFileError(error)) return [];
    throw error;
  }
}

/** Shows what is mounted; mounting is what a container may not. */
export const mount = applet(async (process, args) => {
  const { operands } = parseOptions(args, { flags: 'arwlv', values: 'to' });
  if (operands.length > 0) {
    await process.printError(`mount: permission denied (are you root?)\n`);
    return 1;
  }
  const rows = process.fileSystem().formatMounts().trim().split('\n');
  await process.print(
    rows
      .map((row) => row.split(' '))
      .map(([device, path, type, options]) => `${device} on ${path} type ${type} (${options})\n`)
      .join(''),
  );
  return 0;
});
