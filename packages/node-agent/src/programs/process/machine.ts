/**
 * uptime, free and nproc: the machine's figures, as /proc tells them (busybox procps/uptime.c, procps/free.c).
 */
import { decodeText } from '../../runtime/filesystem/nodes.ts';
import type { ProcessContext } from '../../runtime/process/process-context.ts';

const DAY_MINUTES = 1440;

export async function uptime(process: ProcessContext): Promise<number> {
  const time = new Date(process.clock.now()).toISOString().slice(11, 19);
  const minutes = Math.floor(Number(words(process, '/proc/uptime')[0]) / 60);
  const loads = words(process, '/proc/loadavg').slice(0, 3).join(', ');
  await process.print(` ${time} up ${upText(minutes)},  load average: ${loads}\n`);
  return 0;
}

function upText(minutes: number): string {
  const days = Math.floor(minutes / DAY_MINUTES);
  const left = minutes % DAY_MINUTES;
  const dayText = days === 0 ? '' : `${days} day${days === 1 ? '' : 's'}, `;
  if (left < 60) return `${dayText}${left} min`;
  return `${dayText}${String(Math.floor(left / 60)).padStart(2)}:${String(left % 60).padStart(2, '0')}`;
}

const UNITS: Readonly<Record<string, number>> = { b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

export async function free(process: ProcessContext): Promise<number> {
  const flag = process.argv[1]?.replace(/^-/, '') ?? 'k';
  const isHuman = flag === 'h';
  const unit = UNITS[flag] ?? 1024;
  const figures = memory(process);
  const show = (name: string): string => {
    const bytes = (figures.get(name) ?? 0) * 1024;
    return (isHuman ? human(bytes) : String(Math.floor(bytes / unit))).padStart(12);
  };
  const used = (figures.get('MemTotal') ?? 0) - (figures.get('MemFree') ?? 0);
  figures.set('Used', used);
  const columns = ['MemTotal', 'Used', 'MemFree', 'Shmem', 'Cached', 'MemAvailable'].map(show).join('');
  const swap = ['SwapTotal', 'SwapTotal', 'SwapFree'].map(show).join('');
  const header = ['total', 'used', 'free', 'shared', 'buff/cache', 'available'].map((name) => name.padStart(12));
  await process.print(`       ${header.join('')}\nMem:   ${columns}\nSwap:  ${swap}\n`);
  return 0;
}

/** /proc/meminfo in KiB. */
export function memory(process: ProcessContext): Map<string, number> {
  const rows = text(process, '/proc/meminfo').trimEnd().split('\n');
  return new Map(rows.map((row) => [row.split(':')[0] ?? '', Number(/\d+/.exec(row)?.[0] ?? 0)]));
}

function human(bytes: number): string {
  let value = bytes;
  let unit = 0;
  for (; value >= 1024 && unit < 4; unit++) value /= 1024;
  return unit === 0 ? String(bytes) : `${value.toFixed(1)}${'KMGT'.charAt(unit - 1)}`;
}

export async function nproc(process: ProcessContext): Promise<number> {
  const count = text(process, '/proc/cpuinfo').match(/^processor/gm)?.length ?? 1;
  const ignored = /^--ignore=(\d+)$/.exec(process.argv[1] ?? '')?.[1] ?? '0';
  await process.print(`${Math.max(1, count - Number(ignored))}\n`);
  return 0;
}

export function text(process: ProcessContext, path: string): string {
  return decodeText(process.fileSystem().readFile(path));
}

function words(process: ProcessContext, path: string): readonly string[] {
  return text(process, path).trim().split(/\s+/);
}
