/**
 * Columns of text, as kubectl prints them.
 */
import { formatDuration, inColumns, printable, textWidth } from '@regatta/runtime';

/** Cells may hold what others chose: they come out printable. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, ...rows.map((row) => row.map(printable))];
  const widths = header.map((_, i) => lines.reduce((widest, cells) => Math.max(widest, textWidth(cells[i] ?? '')), 0));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => inColumns(cell, widths[i] ?? 0))
      .join('   ')
      .trimEnd();
  return lines.map(line).join('\n');
}

/** `3s`, `5m`, `2h`, `4d`: how long ago, from milliseconds. */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

/** `41 MiB` from bytes. */
export function mebibytes(bytes: number | undefined): string {
  return bytes === undefined ? '-' : `${Math.round(bytes / 2 ** 20)} MiB`;
}

/** `12s`: how long something still lasts, from milliseconds; the last second is one. */
export function leftText(ms: number): string {
  return formatDuration(Math.max(1, Math.ceil(ms / 1000)) * 1000);
}
