/**
 * Job control: `jobs`, `fg`, `bg`, `wait`, `kill`, `disown`.
 */
import { isFileError } from '../../filesystem/file-error.ts';
import { SIGNAL_NUMBER, type Signal, signalOf } from '../../process/signals.ts';
import { describeJob } from '../execute/job-text.ts';
import type { Job } from '../execute/jobs.ts';
import type { Shell } from '../execute/shell.ts';
import { CommandError, Interrupted } from '../shell-error.ts';
import { BASH, type Builtin, readOptions } from './builtin.ts';

const jobs: Builtin = {
  run: async (shell, args) => {
    const { options, operands } = readOptions(args, 'lprs');
    const chosen = operands.length === 0 ? shell.jobs.all() : operands.map((name) => findJob(shell, name));
    for (const job of chosen) {
      if (options.has('r') && job.state !== 'running') continue;
      if (options.has('s') && job.state !== 'stopped') continue;
      await shell.process.print(options.has('p') ? `${job.pgid}\n` : `${describeJob(shell, job, options.has('l'))}\n`);
      if (job.state === 'done') shell.jobs.remove(job);
    }
    return 0;
  },
};

function findJob(shell: Shell, name: string): Job {
  const job = shell.jobs.find(name);
  if (job !== undefined) return job;
  if (shell.dialect === 'bash') throw new CommandError(`${name}: no such job`, 1);
  throw new CommandError(shell.dialect === 'dash' ? `No such job: ${name}` : `${name}: no such job`, 2);
}

function current(shell: Shell, name: string | undefined): Job {
  const job = shell.jobs.find(name ?? '%+');
  if (job !== undefined && (shell.monitor || name !== undefined)) return job;
  if (!shell.monitor && shell.dialect === 'bash') throw new CommandError('no job control', 1);
  if (name !== undefined) return findJob(shell, name);
  throw new CommandError(
    shell.dialect === 'bash' ? 'current: no such job' : 'no current job',
    shell.dialect === 'bash' ? 1 : 2,
  );
}

const fg: Builtin = {
  run: async (shell, [name]) => {
    const job = current(shell, name);
    await shell.process.print(`${job.text}\n`);
    const terminal = shell.process.terminal;
    if (terminal !== undefined && shell.monitor) terminal.foreground = job.pgid;
    shell.jobs.touch(job);
    signalJob(shell, job, 'CONT');
    return shell.waitForeground(job);
  },
};

const bg: Builtin = {
  run: async (shell, names) => {
    for (const name of names.length === 0 ? [undefined] : names) {
      const job = current(shell, name);
      if (job.state === 'stopped') signalJob(shell, job, 'CONT');
      const mark = shell.dialect === 'bash' ? `${shell.jobs.mark(job)} ` : ' ';
      await shell.process.print(`[${job.number}]${mark}${job.text}${shell.dialect === 'bash' ? ' &' : ''}\n`);
    }
    return 0;
  },
};

function signalJob(shell: Shell, job: Job, signal: Signal): void {
  // Without job control a job has no group of its own.
  const targets = job.pgid === shell.process.pgid ? job.children.map(({ pid }) => pid) : [-job.pgid];
  for (const target of targets) shell.process.kernel.kill(target, signal, shell.process);
}

const wait: Builtin = {
  run: async (shell, args) => {
    const { options, operands } = readOptions(args, 'nf', 'p');
    if (options.has('n')) return waitForNext(shell, operands);
    if (operands.length === 0) return waitForAll(shell);
    let status = 0;
    for (const operand of operands) status = await waitFor(shell, operand);
    return status;
  },
};

async function waitForAll(shell: Shell): Promise<number> {
  for (const job of shell.jobs.all()) {
    if (job.state === 'stopped') continue;
    const interrupted = await raceSignals(shell, job.done);
    if (interrupted !== undefined) return interrupted;
    shell.jobs.remove(job);
  }
  return 0;
}

async function waitForNext(shell: Shell, operands: readonly string[]): Promise<number> {
  const chosen =
    operands.length === 0
      ? shell.jobs.all()
      : operands.map((operand) => jobOf(shell, operand)).filter((job) => job !== undefined);
  if (chosen.length === 0) return 127;
  let first: Job | undefined = chosen.find((job) => job.state === 'done');
  if (first === undefined) {
    const interrupted = await raceSignals(
      shell,
      Promise.race(chosen.map((job) => job.done.then(() => (first ??= job)))),
    );
    if (interrupted !== undefined) return interrupted;
  }
  if (first === undefined) return 127;
  shell.jobs.remove(first);
  return first.code();
}

function jobOf(shell: Shell, operand: string): Job | undefined {
  return operand.startsWith('%') ? findJob(shell, operand) : shell.jobs.byPid(Number(operand));
}

async function waitFor(shell: Shell, operand: string): Promise<number> {
  const job = jobOf(shell, operand);
  if (job === undefined) {
    if (shell.dialect === 'bash') await shell.complain(`pid ${operand} is not a child of this shell`, 'wait');
    return 127;
  }
  const interrupted = await raceSignals(shell, job.done);
  if (interrupted !== undefined) return interrupted;
  shell.jobs.remove(job);
  if (shell.dialect !== 'bash') await shell.tellSignal(job);
  const { lastStatus, lastPid } = job;
  const isLast = String(lastPid) === operand || operand.startsWith('%');
  if (lastStatus === undefined || isLast) return job.code();
  return job.codes()[job.children.findIndex(({ pid }) => String(pid) === operand)] ?? 0;
}

/** Waits for something, but not past a signal that has a trap: its command runs, and the status is the signal's. */
async function raceSignals(shell: Shell, done: Promise<unknown>): Promise<number | undefined> {
  let stop = (): void => {};
  const arrival = new Promise<'signal'>((resolve) => {
    const forget = shell.traps.onArrival(() => resolve('signal'));
    const interrupt = (): void => resolve('signal');
    shell.interruption.addEventListener('abort', interrupt);
    shell.process.killed.addEventListener('abort', interrupt);
    stop = () => {
      forget();
      shell.interruption.removeEventListener('abort', interrupt);
      shell.process.killed.removeEventListener('abort', interrupt);
    };
  });
  try {
    const first = shell.traps.isPending ? 'signal' : await Promise.race([done, arrival]);
    if (first !== 'signal') return undefined;
    if (shell.interruption.aborted) throw new Interrupted();
    const signal = shell.traps.firstPending;
    await shell.runPendingTraps();
    return 128 + (signal === undefined ? 0 : SIGNAL_NUMBER[signal]);
  } finally {
    stop();
  }
}

const kill: Builtin = {
  run: async (shell, args) => {
    if (args[0] === '-l' || args[0] === '-L') return listSignals(shell, args.slice(1));
    const { signal, targets } = killArguments(shell, args);
    if (targets.length === 0)
      throw new CommandError(
        shell.dialect === 'bash'
          ? 'usage: kill [-s sigspec | -n signum | -sigspec] pid | jobspec ... or kill -l [sigspec]'
          : 'you need to specify whom to kill',
        1,
      );
    let status = 0;
    for (const target of targets) {
      try {
        if (target.startsWith('%')) signalJob(shell, findJob(shell, target), signal ?? 'CONT');
        else if (!/^-?[0-9]+$/.test(target)) throw new CommandError(notPid(shell, target), 1, 'kill');
        else shell.process.kernel.kill(Number(target), signal, shell.process);
      } catch (error) {
        if (!(error instanceof CommandError) && !isFileError(error)) throw error;
        await complainOf(shell, target, error);
        status = 1;
      }
    }
    return status;
  },
};

async function complainOf(shell: Shell, target: string, error: Error): Promise<void> {
  if (!isFileError(error)) return shell.complain(error.message, 'kill');
  if (shell.dialect === 'bash') return shell.complain(`(${target}) - ${error.reason}`, 'kill');
  if (shell.dialect === 'dash') return shell.complain(`${error.reason}\n`, 'kill');
  return shell.complain(`can't kill pid ${target}: ${error.reason}`, 'kill');
}

function notPid(shell: Shell, target: string): string {
  if (shell.dialect === 'bash') return `${target}: arguments must be process or job IDs`;
  return shell.dialect === 'dash' ? `Illegal number: ${target}` : `invalid number '${target}'`;
}

function killArguments(
  shell: Shell,
  args: readonly string[],
): { signal: Signal | undefined; targets: readonly string[] } {
  const [first = '', second = ''] = args;
  if (first === '-s' || first === '-n') return { signal: named(shell, second), targets: afterDashes(args.slice(2)) };
  if (/^-./.test(first) && first !== '--')
    return { signal: named(shell, first.slice(1)), targets: afterDashes(args.slice(1)) };
  return { signal: 'TERM', targets: afterDashes(args) };
}

function afterDashes(args: readonly string[]): readonly string[] {
  return args[0] === '--' ? args.slice(1) : args;
}

/** Undefined is signal 0: only asks. */
function named(shell: Shell, name: string): Signal | undefined {
  if (name === '0' || name === 'EXIT') return undefined;
  const signal = signalOf(name);
  if (signal !== undefined) return signal;
  if (shell.dialect === 'bash') throw new CommandError(`${name}: invalid signal specification`, 1);
  throw new CommandError(
    shell.dialect === 'dash' ? `invalid signal number or name: ${name}` : `bad signal name '${name}'`,
    1,
  );
}

async function listSignals(shell: Shell, args: readonly string[]): Promise<number> {
  const names = Object.entries(SIGNAL_NUMBER).sort(([, a], [, b]) => a - b);
  if (args.length === 0) {
    await shell.process.print(names.map(([name, number]) => `${String(number).padStart(2)}) SIG${name}\n`).join(''));
    return 0;
  }
  for (const argument of args) {
    const number = /^[0-9]+$/.test(argument) ? Number(argument) % 128 : undefined;
    const found = names.find(([name, value]) =>
      number === undefined ? signalOf(argument) === name : value === number,
    );
    if (found === undefined) throw new CommandError(`${argument}: invalid signal specification`, 1);
    await shell.process.print(`${number === undefined ? found[1] : found[0]}\n`);
  }
  return 0;
}

const disown: Builtin = {
  dialects: BASH,
  run: (shell, args) => {
    const { options, operands } = readOptions(args, 'ahr');
    const chosen =
      options.has('a') || operands.length === 0
        ? shell.jobs.all()
        : operands.map((name) => jobOf(shell, name.startsWith('%') ? name : `%${name}`));
    for (const job of chosen) if (job !== undefined) shell.jobs.remove(job);
    return 0;
  },
};

export const JOBS: Readonly<Record<string, Builtin>> = { jobs, fg, bg, wait, kill, disown };
