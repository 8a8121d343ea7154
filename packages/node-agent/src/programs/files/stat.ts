/**
 * `stat`
 */
import type { FileKind, FileStatus } from '../../runtime/filesystem/file-status.ts';
import type { ProcessContext } from '../../runtime/process/process-context.ts';
import { absolute, applet, eachPath, flavourOf } from '../support/applet.ts';
import { parseOptions } from '../support/command-line.ts';
import { modeText } from '../support/mode-text.ts';
import { groupName, userName } from '../support/users.ts';

const KINDS: Readonly<Record<FileKind, string>> = {
  file: 'regular file',
  directory: 'directory',
  symlink: 'symbolic link',
  device: 'character special file',
  fifo: 'fifo',
  socket: 'socket',
};

export const stat = applet(async (process, args) => {
  const line = parseOptions(args, { flags: 'Ltf', values: 'c', long: { format: 'c', dereference: 'L', printf: 'c' } });
  const format = line.value('c');
  const describe = (path: string, reason: string): string =>
    flavourOf(process) === 'gnu' ? `cannot statx '${path}': ${reason}` : `can't stat '${path}': ${reason}`;
  return eachPath(process, line.operands, describe, (path) => {
    const status = process.fileSystem().status(absolute(process, path), line.has('L'));
    return process.print(
      format === undefined ? whole(process, path, status) : `${formatted(process, format, path, status)}\n`,
    );
  });
});

function formatted(process: ProcessContext, format: string, path: string, status: FileStatus): string {
  return format
    .replace(/\\n/g, '\n')
    .replace(/%([a-zA-Z%])/g, (text, letter: string) => field(process, letter, path, status) ?? text);
}

function field(process: ProcessContext, letter: string, path: string, status: FileStatus): string | undefined {
  switch (letter) {
    case 'a':
      return status.mode.toString(8);
    case 'A':
      return modeText(status.kind, status.mode);
    case 'f':
      return (status.mode | KIND_BITS[status.kind]).toString(16);
    case 'F':
      return status.kind === 'file' && status.size === 0 ? 'regular empty file' : KINDS[status.kind];
    case 'g':
      return String(status.gid);
    case 'G':
      return groupName(process, status.gid) ?? 'UNKNOWN';
    case 'u':
      return String(status.uid);
    case 'U':
      return userName(process, status.uid) ?? 'UNKNOWN';
    case 'h':
      return String(status.links);
    case 'i':
      return String(status.ino);
    case 'n':
      return path;
    case 'N':
      return status.kind === 'symlink'
        ? `'${path}' -> '${process.fileSystem().readLink(absolute(process, path))}'`
        : `'${path}'`;
    case 's':
      return String(status.size);
    case 'b':
      return String(Math.ceil(status.size / 512));
    case 'B':
      return '512';
    case 'o':
      return '4096';
    case 'm':
      return status.mountPath;
    case 'X':
    case 'Y':
      return String(Math.floor(status.modified / 1000));
    case 'Z':
      return String(Math.floor(status.changed / 1000));
    case 'x':
    case 'y':
      return timeText(status.modified);
    case 'z':
      return timeText(status.changed);
    case '%':
      return '%';
    default:
      return undefined;
  }
}

const KIND_BITS: Readonly<Record<FileKind, number>> = {
  fifo: 0x1000,
  device: 0x2000,
  directory: 0x4000,
  file: 0x8000,
  symlink: 0xa000,
  socket: 0xc000,
};

function timeText(instant: number): string {
  return new Date(instant).toISOString().replace('T', ' ').replace('Z', '000000 +0000');
}

function whole(process: ProcessContext, path: string, status: FileStatus): string {
  const text = (letter: string): string => field(process, letter, path, status) ?? '';
  const name = status.kind === 'symlink' ? text('N') : path;
  return [
    `  File: ${name}`,
    `  Size: ${text('s').padEnd(10)}\tBlocks: ${text('b').padEnd(10)} IO Block: ${text('o').padEnd(6)} ${text('F')}`,
    `Device: 2ah/42d\tInode: ${text('i').padEnd(11)} Links: ${text('h')}`,
    `Access: (${status.mode.toString(8).padStart(4, '0')}/${text('A')})  Uid: (${text('u').padStart(5)}/${text('U').padStart(8)})   Gid: (${text('g').padStart(5)}/${text('G').padStart(8)})`,
    `Access: ${text('x')}`,
    `Modify: ${text('y')}`,
    `Change: ${text('z')}`,
    '',
  ].join('\n');
}
