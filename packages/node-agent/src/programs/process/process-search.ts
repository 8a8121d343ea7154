/**
 * pgrep, pkill and pidof (busybox procps/pgrep.c, procps/pidof.c). Patterns run on RE2, so that none takes for ever.
 */
import { RE2JS, RE2JSException } from 're2js';
import type { ProcessContext, ProcessInfo } from '../../runtime/process/process-context.ts';
import { type CommandLine, parseCommandLine, UsageError } from '../support/command-line.ts';
import { readSignal, send } from './kill.ts';

const OPTIONS = { short: 'aflnovxs:P:' };

export function pgrep(process: ProcessContext): Promise<number> {
  return search(process, 'pgrep', process.argv.slice(1), async (rows, line) => {
    const text = ({ pid, name, title }: ProcessInfo): string =>
      line.has('a') ? `${pid} ${title}\n` : line.has('l') ? `${pid} ${name}\n` : `${pid}\n`;
    await process.print(rows.map(text).join(''));
  });
}

export async function pkill(process: ProcessContext): Promise<number> {
  const asked = readSignal(process.argv.slice(1).filter((word) => !/^-[aflnovx]+$/.test(word)));
  const options = process.argv.slice(1).filter((word) => /^-[aflnovx]+$/.test(word));
  if ('wrong' in asked) {
    await process.printError(`pkill: bad signal name '${asked.wrong}'\n`);
    return 2;
  }
  return search(process, 'pkill', [...options, ...asked.rest], async (rows) => {
    for (const { pid } of rows) {
      const problem = send(process, pid, asked.signal);
      if (problem !== undefined) await process.printError(`pkill: can't kill pid ${pid}: ${problem}\n`);
    }
  });
}

async function search(
  process: ProcessContext,
  name: string,
  words: readonly string[],
  found: (rows: readonly ProcessInfo[], line: CommandLine) => Promise<void>,
): Promise<number> {
  try {
    const line = parseCommandLine(words, OPTIONS);
    const rows = matching(process, line);
    if (rows.length === 0) return 1;
    await found(rows, line);
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError) && !(error instanceof RE2JSException)) throw error;
    await process.printError(`${name}: ${error.message}\n`);
    return 2;
  }
}

/** @throws RE2JSException for a malformed pattern */
function matching(process: ProcessContext, line: CommandLine): readonly ProcessInfo[] {
  const [pattern] = line.operands;
  const regex = pattern === undefined ? undefined : RE2JS.compile(line.has('x') ? `^(${pattern})$` : pattern);
  const parent = line.value('P');
  const session = line.value('s');
  const rows = process.kernel.processes().filter((row) => {
    if (row.pid === process.pid) return false;
    const text = line.has('f') ? row.title : row.name;
    const fits =
      (regex === undefined || regex.matcher(text).find()) &&
      (parent === undefined || String(row.ppid) === parent) &&
      (session === undefined || String(row.sid) === session);
    return fits !== line.has('v');
  });
  const byAge = [...rows].sort((a, b) => a.startedAt - b.startedAt || a.pid - b.pid);
  if (line.has('n')) return byAge.slice(-1);
  return line.has('o') ? byAge.slice(0, 1) : rows;
}

/** `pidof [-s] [-o PID] NAME…` */
export async function pidof(process: ProcessContext): Promise<number> {
  const line = parseCommandLine(process.argv.slice(1), { short: 'so:' });
  const omitted = new Set(line.values('o').map((pid) => (pid === '%PPID' ? process.ppid : Number(pid))));
  const pids = process.kernel
    .processes()
    .filter(
      (row) => row.pid !== process.pid && !omitted.has(row.pid) && line.operands.some((name) => isCalled(row, name)),
    )
    .map(({ pid }) => pid);
  if (pids.length === 0) return 1;
  await process.print(`${(line.has('s') ? pids.slice(0, 1) : pids).join(' ')}\n`);
  return 0;
}

/** By its name, its path, or the base name of what it was started as. */
function isCalled({ name, argv }: ProcessInfo, wanted: string): boolean {
  const path = argv[0] ?? '';
  return name === wanted || path === wanted || path.slice(path.lastIndexOf('/') + 1) === wanted;
}
