/**
 * nice and renice (busybox coreutils/nice.c, util-linux/renice.c).
 */
import { isFileError } from '../../runtime/filesystem/file-error.ts';
import type { ProcessContext } from '../../runtime/process/process-context.ts';

const DEFAULT_STEP = 10;

/** `nice [-n N] PROGRAM ARGS…`; alone it prints the priority. */
export async function nice(process: ProcessContext): Promise<number> {
  let words = process.argv.slice(1);
  let step = DEFAULT_STEP;
  const match = /^-(?:n(-?\d+)?|(-?\d+))$/.exec(words[0] ?? '');
  if (match) {
    const given = match[1] ?? match[2];
    step = Number(given ?? words[1]);
    words = words.slice(given === undefined ? 2 : 1);
  }
  if (!Number.isInteger(step)) return fail(process, `nice: invalid number '${process.argv[2]}'`);
  const now = process.kernel.process(process.pid)?.nice ?? 0;
  if (words.length === 0) {
    await process.print(`${now}\n`);
    return 0;
  }
  try {
    process.kernel.setPriority(process.pid, now + step, process);
  } catch (error) {
    if (!isFileError(error)) throw error;
    await process.printError(`nice: setpriority(${now + step}): ${error.reason}\n`);
  }
  return execute(process, words);
}

/** `renice [-n] N [-p] PID…` */
export async function renice(process: ProcessContext): Promise<number> {
  const words = process.argv.slice(1).filter((word) => word !== '-n' && word !== '-p');
  const [level = '', ...pids] = words;
  if (!/^[-+]?\d+$/.test(level) || pids.length === 0) return fail(process, 'renice: invalid number');
  let failures = 0;
  for (const pid of pids) {
    try {
      process.kernel.setPriority(Number(pid), Number(level), process);
    } catch (error) {
      if (!isFileError(error)) throw error;
      failures++;
      await process.printError(`renice: setpriority: ${error.reason}\n`);
    }
  }
  return failures === 0 ? 0 : 1;
}

/** Becomes another program, or says why not, as those of busybox do that start others. */
export async function execute(process: ProcessContext, words: readonly string[]): Promise<number> {
  try {
    return await process.exec(words);
  } catch (error) {
    if (!isFileError(error) || error.operation !== 'execve') throw error;
    const name = process.argv[0]?.split('/').at(-1) ?? '';
    await process.printError(`${name}: can't execute '${words[0]}': ${error.reason}\n`);
    return error.code === 'ENOENT' ? 127 : 126;
  }
}

async function fail(process: ProcessContext, text: string): Promise<number> {
  await process.printError(`${text}\n`);
  return 1;
}
