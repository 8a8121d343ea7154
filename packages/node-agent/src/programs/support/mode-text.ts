/**
 * Modes and sizes as `ls` and `stat` show them.
 */
import type { FileKind } from '../../runtime/filesystem/file-status.ts';

const KINDS: Readonly<Record<FileKind, string>> = {
  file: '-',
  directory: 'd',
  symlink: 'l',
  device: 'c',
  fifo: 'p',
  socket: 's',
};

/** `drwxr-xr-t` */
export function modeText(kind: FileKind, mode: number): string {
  const bits = (shift: number, special: number, letters: string): string => {
    const set = (mode & special) !== 0;
    const execute = ((mode >> shift) & 1) !== 0;
    const last = set ? letters.charAt(execute ? 0 : 1) : execute ? 'x' : '-';
    return `${(mode >> shift) & 4 ? 'r' : '-'}${(mode >> shift) & 2 ? 'w' : '-'}${last}`;
  };
  return `${KINDS[kind]}${bits(6, 0o4000, 'sS')}${bits(3, 0o2000, 'sS')}${bits(0, 0o1000, 'tT')}`;
}

/** 1.5K, 20M */
export function humanSize(bytes: number): string {
  if (bytes < 1024) return String(bytes);
  let size = bytes;
  let unit = -1;
  while (size >= 1024 && unit < 4) {
    size /= 1024;
    unit++;
  }
  return `${size < 10 ? size.toFixed(1) : Math.round(size)}${'KMGTP'.charAt(unit)}`;
}
