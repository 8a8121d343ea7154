/**
 * top: the busiest processes, once in batch mode or again and again on a terminal until `q` (busybox procps/top.c).
 */
import type { ProcessContext, ProcessInfo } from '../../runtime/process/process-context.ts';
import { memory, text } from './machine.ts';
import { commandLine, virtualBytes } from './ps-columns.ts';
import { UserNames } from './user-names.ts';

const DEFAULT_SECONDS = 5;
const CLEAR = '\x1b[H\x1b[J';
const REVERSE = '\x1b[7m';
const PLAIN = '\x1b[0m';

interface TopOptions {
  readonly isBatch: boolean;
  readonly seconds: number;
  /** Infinity without -n. */
  readonly rounds: number;
}

export async function top(process: ProcessContext): Promise<number> {
  const options = readOptions(process.argv.slice(1));
  const terminal = process.fds.has(0) ? process.fds.get(0).terminal : undefined;
  const isShown = terminal !== undefined && !options.isBatch;
  const before = terminal?.mode;
  if (isShown) terminal.setMode({ icanon: false, echo: false });
  try {
    await rounds(process, options, isShown);
  } finally {
    if (isShown && before !== undefined) terminal.setMode(before);
  }
  return 0;
}

function readOptions(words: readonly string[]): TopOptions {
  const joined = words.join(' ');
  const value = (letter: string): number | undefined => {
    const match = new RegExp(`-[bH]*${letter} ?(\\d+(?:\\.\\d+)?)`).exec(joined);
    return match ? Number(match[1]) : undefined;
  };
  return {
    isBatch: /-[A-Za-z]*b/.test(joined),
    seconds: value('d') ?? DEFAULT_SECONDS,
    rounds: value('n') ?? Number.POSITIVE_INFINITY,
  };
}

async function rounds(process: ProcessContext, options: TopOptions, isShown: boolean): Promise<void> {
  let last = usage(process);
  for (let round = 0; round < options.rounds; round++) {
    if (round > 0 && (await pause(process, options, isShown)) === 'quit') return;
    const now = usage(process);
    await process.print(`${isShown ? CLEAR : ''}${screen(process, last, now, isShown)}`);
    last = now;
  }
}

interface Usage {
  readonly at: number;
  readonly cpu: ReadonlyMap<number, number>;
}

function usage(process: ProcessContext): Usage {
  const cpu = new Map(process.kernel.processes().map(({ pid, cpuTime }) => [pid, cpuTime]));
  return { at: process.clock.now(), cpu };
}

/** Until the next round, or a key. */
async function pause(process: ProcessContext, { seconds }: TopOptions, isShown: boolean): Promise<'quit' | 'next'> {
  if (!isShown) {
    await process.sleep(seconds * 1000);
    return 'next';
  }
  const enough = new AbortController();
  const timer = process.clock.setTimer(seconds * 1000, () => enough.abort());
  try {
    const key = await process.read(0, { signal: enough.signal });
    return key === undefined || key[0] === 0x71 || key[0] === 0x51 ? 'quit' : 'next';
  } catch (error) {
    if (!enough.signal.aborted) throw error;
    return 'next';
  } finally {
    timer.cancel();
  }
}

function screen(process: ProcessContext, last: Usage, now: Usage, isShown: boolean): string {
  const size = isShown ? process.fds.get(0).terminal?.size : undefined;
  const names = new UserNames(process);
  const total = memory(process).get('MemTotal') ?? 1;
  const rows = process.kernel
    .processes()
    .map((row) => ({ row, share: share(process, row, last, now) }))
    .sort((a, b) => b.share - a.share || a.row.pid - b.row.pid);
  const header = '  PID  PPID USER     STAT   VSZ %VSZ CPU %CPU COMMAND';
  const lines = rows.map(({ row, share: percent }) => {
    const vsz = Math.ceil(virtualBytes(row) / 1024);
    const state = row.pid === process.pid ? 'R' : row.stateLetter;
    return [
      String(row.pid).padStart(5),
      String(row.ppid).padStart(5),
      names.user(row.credentials.uid).padEnd(8).slice(0, 8),
      state.padEnd(4),
      String(vsz).padStart(5),
      `${Math.round((vsz * 100) / total)}%`.padStart(4),
      '  0',
      `${Math.round(percent)}%`.padStart(4),
      commandLine(row),
    ].join(' ');
  });
  const busy = Math.min(100, Math.round(rows.reduce((sum, { share: percent }) => sum + percent, 0)));
  const all = [...summary(process, busy), isShown ? `${REVERSE}${header}${PLAIN}` : header, ...lines];
  return `${all.slice(0, size?.rows === undefined ? undefined : Math.max(1, size.rows - 1)).join('\n')}\n`;
}

/** Percent of one processor since the last round; since its start in the first. */
function share(process: ProcessContext, row: ProcessInfo, last: Usage, now: Usage): number {
  const isFirst = last.at === now.at;
  const time = process.clock.elapsed(isFirst ? row.startedAt : last.at, now.at);
  const used = row.cpuTime - (isFirst ? 0 : (last.cpu.get(row.pid) ?? 0));
  return time <= 0 ? 0 : Math.min(100, Math.max(0, (used * 100) / time));
}

function summary(process: ProcessContext, busy: number): string[] {
  const figures = memory(process);
  const figure = (name: string): number => figures.get(name) ?? 0;
  const percent = (value: number): string => `${String(value).padStart(3)}%`;
  const used = figure('MemTotal') - figure('MemFree');
  return [
    `Mem: ${used}K used, ${figure('MemFree')}K free, ${figure('Shmem')}K shrd, ${figure('Buffers')}K buff, ${figure('Cached')}K cached`,
    `CPU: ${percent(busy)} usr ${percent(0)} sys ${percent(0)} nic ${percent(100 - busy)} idle ${percent(0)} io ${percent(0)} irq ${percent(0)} sirq`,
    `Load average: ${text(process, '/proc/loadavg').trim()}`,
  ];
}
