/**
 * Pipelines: each command of one with several runs in a process of its own, all at once.
 */

import { isFileError } from '../../filesystem/file-error.ts';
import type { OpenFile } from '../../process/open-file.ts';
import { makePipe } from '../../process/pipe.ts';
import type { ChildProcess } from '../../process/process-context.ts';
import { CommandError } from '../shell-error.ts';
import type { Command, ListItem, Pipeline } from '../syntax/ast.ts';
import { Job } from './jobs.ts';
import type { Shell } from './shell.ts';

export async function runPipeline(shell: Shell, pipeline: Pipeline, tail: boolean, text: string): Promise<number> {
  const started = shell.process.clock.now();
  const status = await statusOf(shell, pipeline, tail && !pipeline.timed, text);
  if (pipeline.timed) await shell.process.printError(timeReport(shell.process.clock.now() - started));
  return pipeline.negated ? Number(status === 0) : status;
}

async function statusOf(shell: Shell, pipeline: Pipeline, tail: boolean, text: string): Promise<number> {
  const [first] = pipeline.commands;
  if (first === undefined) return 0;
  if (pipeline.commands.length > 1) {
    return shell.waitForeground(startPipeline(shell, pipeline.commands, text, true));
  }
  shell.currentText = text;
  const status = await shell.runCommand(first, tail);
  if (first.kind === 'simple' || first.kind === 'subshell') shell.state.pipeStatus = [status];
  return status;
}

function timeReport(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  const real = `${Math.floor(seconds / 60)}m${(seconds % 60).toFixed(3)}s`;
  return `\nreal\t${real}\nuser\t0m0.000s\nsys\t0m0.000s\n`;
}

/** Starts the commands of a pipeline, connected. */
export function startPipeline(shell: Shell, commands: readonly Command[], text: string, foreground: boolean): Job {
  const children: ChildProcess[] = [];
  let input: OpenFile | undefined;
  for (const [i, command] of commands.entries()) {
    const pipe = i < commands.length - 1 ? makePipe() : undefined;
    const fds = new Map<number, OpenFile>();
    if (input !== undefined) fds.set(0, input);
    if (pipe !== undefined) fds.set(1, pipe.writer);
    try {
      children.push(startCommand(shell, command, fds, children[0], foreground));
    } finally {
      input?.release();
      pipe?.writer.release();
    }
    input = pipe?.reader;
  }
  return new Job(children, text, shell.state.options.has('pipefail'));
}

function startCommand(
  shell: Shell,
  command: Command,
  fds: ReadonlyMap<number, OpenFile>,
  leader: ChildProcess | undefined,
  foreground: boolean,
): ChildProcess {
  const background = foreground ? {} : backgroundOptions(shell, fds);
  const group = shell.monitor ? { processGroup: leader?.pgid ?? ('new' as const), foreground } : {};
  try {
    return shell.fork((child) => child.runCommand(command, true), { fds, ...group, ...background });
  } catch (error) {
    if (isFileError(error, 'EAGAIN')) throw new CommandError("can't fork: Resource temporarily unavailable", 2);
    throw error;
  } finally {
    if ('fds' in background && !fds.has(0)) background.fds?.get(0)?.release();
  }
}

/** Without job control, what runs in the background reads nothing and minds no keyboard. */
function backgroundOptions(
  shell: Shell,
  fds: ReadonlyMap<number, OpenFile>,
): { fds?: ReadonlyMap<number, OpenFile>; ignore?: readonly ('INT' | 'QUIT')[] } {
  if (shell.monitor) return {};
  const ignore = ['INT', 'QUIT'] as const;
  return fds.has(0)
    ? { ignore }
    : { ignore, fds: new Map([...fds, [0, shell.process.open('/dev/null', { read: true })]]) };
}

/** `… &` */
export async function startBackground(shell: Shell, item: ListItem): Promise<void> {
  const single = item.rest.length === 0 && !item.first.negated && !item.first.timed;
  const commands: readonly Command[] = single
    ? item.first.commands
    : [{ kind: 'group', body: { items: [{ ...item, background: false }] }, redirections: [], line: shell.state.line }];
  const job = startPipeline(shell, commands, item.text, false);
  shell.jobs.add(job);
  shell.state.lastBackground = job.lastPid;
  shell.state.status = 0;
  if (shell.interactive) await shell.process.printError(`[${job.number}] ${job.lastPid}\n`);
}
