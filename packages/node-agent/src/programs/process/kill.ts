/**
 * kill and killall (busybox procps/kill.c).
 */
import { isFileError } from '../../runtime/filesystem/file-error.ts';
import type { ProcessContext } from '../../runtime/process/process-context.ts';
import { SIGNAL_NUMBER, type Signal, signalOf } from '../../runtime/process/signals.ts';

/** Undefined only asks whether there is somebody to signal. */
export type Asked = { readonly signal: Signal | undefined; readonly rest: readonly string[] };

/** Takes the signal from the words of a command: -9, -TERM, -s TERM, -0. */
export function readSignal(words: readonly string[]): Asked | { readonly wrong: string } {
  const [first, second, ...more] = words;
  if (first === undefined || !/^-./.test(first) || first === '--') {
    return { signal: 'TERM', rest: first === '--' ? words.slice(1) : words };
  }
  const [name, rest] = first === '-s' ? [second ?? '', more] : [first.slice(1), words.slice(1)];
  const plain = rest[0] === '--' ? rest.slice(1) : rest;
  if (name === '0' || name === 'EXIT') return { signal: undefined, rest: plain };
  const signal = signalOf(name);
  return signal === undefined ? { wrong: name } : { signal, rest: plain };
}

export async function kill(process: ProcessContext): Promise<number> {
  const words = process.argv.slice(1);
  if (words[0] === '-l') return listSignals(process, words.slice(1));
  const asked = readSignal(words);
  if ('wrong' in asked) return complain(process, `kill: bad signal name '${asked.wrong}'`);
  if (asked.rest.length === 0) return complain(process, 'kill: you need to specify whom to kill');
  let failures = 0;
  for (const word of asked.rest) {
    const target = Number(word);
    const problem = Number.isInteger(target) && word !== '' ? send(process, target, asked.signal) : 'invalid number';
    if (problem === undefined) continue;
    failures++;
    const text = problem === 'invalid number' ? `invalid number '${word}'` : `can't kill pid ${word}: ${problem}`;
    await process.printError(`kill: ${text}\n`);
  }
  return failures === 0 ? 0 : 1;
}

/** The reason when it can't be sent. */
export function send(process: ProcessContext, target: number, signal: Signal | undefined): string | undefined {
  try {
    process.kernel.kill(target, signal, process);
    return undefined;
  } catch (error) {
    if (isFileError(error)) return error.reason;
    throw error;
  }
}

export async function killall(process: ProcessContext): Promise<number> {
  const words = process.argv.slice(1);
  if (words[0] === '-l') return listSignals(process, words.slice(1));
  const isQuiet = words.includes('-q');
  const asked = readSignal(words.filter((word) => word !== '-q'));
  if ('wrong' in asked) return complain(process, `killall: bad signal name '${asked.wrong}'`);
  let failures = 0;
  for (const name of asked.rest) {
    const found = process.kernel.processes().filter((row) => row.name === name && row.pid !== process.pid);
    for (const { pid } of found) {
      const problem = send(process, pid, asked.signal);
      if (problem === undefined) continue;
      failures++;
      await process.printError(`killall: can't kill pid ${pid}: ${problem}\n`);
    }
    if (found.length > 0) continue;
    failures++;
    if (!isQuiet) await process.printError(`killall: ${name}: no process killed\n`);
  }
  return failures === 0 ? 0 : 1;
}

async function listSignals(process: ProcessContext, words: readonly string[]): Promise<number> {
  if (words.length === 0) {
    const all = Object.entries(SIGNAL_NUMBER).map(([name, number]) => `${String(number).padStart(2)}) ${name}\n`);
    await process.print(all.join(''));
    return 0;
  }
  for (const word of words) {
    // A shell's exit status may be given: 128 and the number.
    const number = Number(word) > 128 ? String(Number(word) - 128) : word;
    const signal = signalOf(number);
    if (signal === undefined) return complain(process, `kill: unknown signal '${word}'`);
    await process.print(`${/^\d+$/.test(word) ? signal : SIGNAL_NUMBER[signal]}\n`);
  }
  return 0;
}

async function complain(process: ProcessContext, text: string): Promise<number> {
  await process.printError(`${text}\n`);
  return 1;
}
