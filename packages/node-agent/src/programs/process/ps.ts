/**
 * ps: a table of processes, as busybox's prints it, or as procps' in Debian's images (busybox procps/ps.c; ps(1)).
 */
import { decodeText } from '../../runtime/filesystem/nodes.ts';
import type { ProcessContext, ProcessInfo } from '../../runtime/process/process-context.ts';
import { COLUMNS, type PsColumn, type PsView } from './ps-columns.ts';
import { UserNames } from './user-names.ts';

const BUSYBOX = 'pid,user,time,args';
/** Columns of procps by the form that is asked for. */
const PROCPS = {
  own: 'pid,tty,time,cmd',
  full: 'user,pid,ppid,c,start,tty,time,cmd',
  bsd: 'user,pid,%cpu,%mem,vsz,rss,tty,stat,start,time,command',
  ax: 'pid,tty,stat,time,command',
} as const;

/** How procps writes what it writes otherwise than busybox. */
const PROCPS_COLUMNS: ReadonlyMap<string, Partial<PsColumn>> = new Map([
  ['pid', { width: 7 }],
  ['ppid', { width: 7 }],
  ['tty', { header: 'TTY', width: 8 }],
  ['vsz', { width: 6 }],
  ['rss', { width: 5 }],
]);

export async function ps(process: ProcessContext): Promise<number> {
  const words = process.argv.slice(1);
  const isBusybox = !hasProcps(process);
  const wanted = formatOf(words);
  const view = { process, names: new UserNames(process) };
  const rows = selected(process, words, isBusybox);
  if (wanted === undefined) {
    await process.print(isBusybox ? table(view, rows, columnsOf(BUSYBOX)) : procpsTable(view, rows, words));
    return 0;
  }
  const unknown = wanted.find((name) => !COLUMNS.has(nameOf(name)));
  if (unknown !== undefined) {
    await process.printError(
      isBusybox ? `ps: bad -o argument '${unknown}'\n` : `error: unknown user-defined format specifier "${unknown}"\n`,
    );
    return 1;
  }
  await process.print(table(view, rows, columnsOf(wanted.join(','))));
  return 0;
}

/** The image says it is a Debian, whose ps is procps'. */
function hasProcps(process: ProcessContext): boolean {
  const files = process.fileSystem();
  if (!files.exists('/etc/os-release')) return false;
  return /^ID(_LIKE)?=.*(debian|ubuntu)/m.test(decodeText(files.readFile('/etc/os-release')));
}

/** Columns of -o; undefined without one. */
function formatOf(words: readonly string[]): string[] | undefined {
  const formats = words.flatMap((word, i) => {
    const match = /^-[A-Za-z]*o(.*)$/.exec(word);
    if (!match) return [];
    return [match[1] === '' ? (words[i + 1] ?? '') : (match[1] ?? '')];
  });
  return formats.length === 0 ? undefined : formats.join(',').split(/[, ]+/);
}

function nameOf(column: string): string {
  const name = column.split('=')[0] ?? '';
  return { pcpu: '%cpu', pmem: '%mem', tt: 'tty', ucmd: 'comm', sess: 'sid', state: 's' }[name] ?? name;
}

function columnsOf(format: string): PsColumn[] {
  return format.split(',').flatMap((word) => {
    const [, title] = word.split('=');
    const column = COLUMNS.get(nameOf(word));
    return column === undefined ? [] : [title === undefined ? column : { ...column, header: title }];
  });
}

function selected(process: ProcessContext, words: readonly string[], isBusybox: boolean): readonly ProcessInfo[] {
  const all = process.kernel.processes();
  const at = words.findIndex((word) => word === '-p' || word === '--pid');
  if (at >= 0) {
    const pids = new Set((words[at + 1] ?? '').split(',').map(Number));
    return all.filter(({ pid }) => pids.has(pid));
  }
  const wantsAll = isBusybox || words.some((word) => /^-[A-Za-z]*[eA]|^[a-z]*x/.test(word));
  return wantsAll ? all : all.filter(({ terminal }) => terminal !== undefined && terminal === process.terminal);
}

function table(view: PsView, rows: readonly ProcessInfo[], columns: readonly PsColumn[]): string {
  const width = view.process.fds.has(1) ? view.process.fds.get(1).terminal?.size.columns : undefined;
  const line = (cells: readonly string[]): string => `${cells.join(' ').slice(0, width).trimEnd()}\n`;
  const hasHeader = columns.some(({ header }) => header !== '');
  const header = columns.map(({ header, width }) => header.padEnd(width));
  const body = rows.map((row) => columns.map((column) => cell(column, row, view)));
  return [...(hasHeader ? [header] : []), ...body].map(line).join('');
}

function cell(column: PsColumn, row: ProcessInfo, view: PsView): string {
  const text = column.value(row, view);
  return column.alignRight ? text.padStart(column.width) : text.padEnd(column.width);
}

/** procps: the header is aligned as its column is, and times have hours except in the BSD form. */
function procpsTable(view: PsView, rows: readonly ProcessInfo[], words: readonly string[]): string {
  const isBsd = words.some((word) => /^[a-z]*u/.test(word));
  const isFull = words.some((word) => /^-[A-Za-z]*f/.test(word));
  const isAx = words.some((word) => /^[a-z]*x/.test(word));
  const form = isBsd ? PROCPS.bsd : isFull ? PROCPS.full : isAx ? PROCPS.ax : PROCPS.own;
  const columns = form.split(',').map((name) => procpsColumn(name, isBsd || isAx, isFull));
  const line = (cells: readonly string[]): string => `${cells.join(' ').trimEnd()}\n`;
  const header = columns.map(({ header, width, alignRight }) =>
    alignRight ? header.padStart(width) : header.padEnd(width),
  );
  return [header, ...rows.map((row) => columns.map((column) => cell(column, row, view)))].map(line).join('');
}

function procpsColumn(name: string, isBsd: boolean, isFull: boolean): PsColumn {
  if (name === 'c') return { header: 'C', width: 2, alignRight: true, value: () => '0' };
  const base = COLUMNS.get(name);
  if (base === undefined) throw new RangeError(`no column ${name}`);
  const column = { ...base, ...PROCPS_COLUMNS.get(name) };
  if (name === 'user' && isFull) return { ...column, header: 'UID' };
  if (name === 'start' && isBsd) return { ...column, header: 'START' };
  if (name === 'stat') return { ...column, width: 4 };
  if (name === 'time' && isBsd) return { ...column, width: 6 };
  if (name === 'time') return { ...column, width: 8, value: (row, view) => hours(base.value(row, view)) };
  return column;
}

/** 75:03 → 01:15:03 */
function hours(text: string): string {
  const [minutes = 0, seconds = 0] = text.split(':').map(Number);
  return [Math.floor(minutes / 60), minutes % 60, seconds].map((part) => String(part).padStart(2, '0')).join(':');
}
