/**
 * What `ps` can show of a process, by the names of its -o option (busybox procps/ps.c, procps ps(1)).
 */

import { BASE_RESIDENT, BASE_VIRTUAL } from '../../runtime/proc/process-files.ts';
import type { ProcessContext, ProcessInfo } from '../../runtime/process/process-context.ts';
import type { UserNames } from './user-names.ts';

export interface PsView {
  readonly process: ProcessContext;
  readonly names: UserNames;
}

export interface PsColumn {
  readonly header: string;
  readonly width: number;
  readonly alignRight: boolean;
  value(row: ProcessInfo, view: PsView): string;
}

const left = (header: string, width: number, value: PsColumn['value']): PsColumn => ({
  header,
  width,
  alignRight: false,
  value,
});
const right = (header: string, width: number, value: PsColumn['value']): PsColumn => ({
  header,
  width,
  alignRight: true,
  value,
});

export const COLUMNS: ReadonlyMap<string, PsColumn> = new Map([
  ['user', left('USER', 8, ({ credentials }, { names }) => names.user(credentials.uid))],
  ['ruser', left('RUSER', 8, ({ credentials }, { names }) => names.user(credentials.uid))],
  ['group', left('GROUP', 8, ({ credentials }, { names }) => names.group(credentials.gid))],
  ['rgroup', left('RGROUP', 8, ({ credentials }, { names }) => names.group(credentials.gid))],
  ['uid', right('UID', 5, ({ credentials }) => String(credentials.uid))],
  ['comm', left('COMMAND', 16, ({ name }) => name)],
  ['args', left('COMMAND', 0, commandLine)],
  ['cmd', left('CMD', 0, commandLine)],
  ['command', left('COMMAND', 0, commandLine)],
  ['pid', right('PID', 5, ({ pid }) => String(pid))],
  ['ppid', right('PPID', 5, ({ ppid }) => String(ppid))],
  ['pgid', right('PGID', 5, ({ pgid }) => String(pgid))],
  ['sid', right('SID', 5, ({ sid }) => String(sid))],
  ['etime', right('ELAPSED', 7, (row, { process }) => clockText(process.clock.elapsed(row.startedAt)))],
  ['nice', right('NI', 5, ({ nice }) => String(nice))],
  ['ni', right('NI', 3, ({ nice }) => String(nice))],
  ['time', right('TIME', 5, ({ cpuTime }) => clockText(cpuTime))],
  ['tty', left('TT', 6, ({ terminal }) => terminalText(terminal?.name))],
  ['vsz', right('VSZ', 4, (row) => kib(virtualBytes(row)))],
  ['rss', right('RSS', 4, (row) => kib(residentBytes(row)))],
  ['stat', left('STAT', 4, (row, view) => stateText(row, view))],
  ['s', left('S', 1, ({ stateLetter }) => stateLetter)],
  ['%cpu', right('%CPU', 4, (row, { process }) => cpuShare(row, process))],
  ['%mem', right('%MEM', 4, () => '0.0')],
  ['start', right('STIME', 5, ({ startedAt }) => new Date(startedAt).toISOString().slice(11, 16))],
]);

/** What a process calls itself; its name in brackets when it has ended. */
export function commandLine(row: ProcessInfo): string {
  return row.state === 'zombie' ? `[${row.name}]` : row.title;
}

export function virtualBytes(row: ProcessInfo): number {
  return row.state === 'zombie' ? 0 : BASE_VIRTUAL + row.memoryUsed;
}

export function residentBytes(row: ProcessInfo): number {
  return row.state === 'zombie' ? 0 : BASE_RESIDENT + row.memoryUsed;
}

/** Minutes and seconds of cluster time. */
export function clockText(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** The letters of procps: the leader of a session, a low priority, the foreground. */
export function stateText(row: ProcessInfo, { process }: PsView): string {
  const isLooking = row.pid === process.pid ? 'R' : row.stateLetter;
  const priority = row.nice < 0 ? '<' : row.nice > 0 ? 'N' : '';
  const leader = row.sid === row.pid ? 's' : '';
  const foreground = row.terminal !== undefined && row.terminal.foreground === row.pgid ? '+' : '';
  return `${isLooking}${priority}${leader}${foreground}`;
}

export function terminalText(name: string | undefined): string {
  return name === undefined ? '?' : name.replace('/dev/', '');
}

function cpuShare(row: ProcessInfo, process: ProcessContext): string {
  const lived = process.clock.elapsed(row.startedAt);
  return lived <= 0 ? '0.0' : Math.min(99.9, (row.cpuTime * 100) / lived).toFixed(1);
}

function kib(bytes: number): string {
  return String(Math.ceil(bytes / 1024));
}
