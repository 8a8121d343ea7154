/**
 * Command and process substitution.
 */

import { exitCodeOf } from '../../process/exit-status.ts';
import type { OpenFile } from '../../process/open-file.ts';
import { makePipe } from '../../process/pipe.ts';
import type { List, Redirection } from '../syntax/ast.ts';
import { redirect } from './redirections.ts';
import type { Shell } from './shell.ts';

/** The output of commands, without the newlines at its end. */
export async function substitute(shell: Shell, body: List): Promise<string> {
  const pipe = makePipe();
  const file = onlyInput(body);
  const child = shell.fork((sub) => (file === undefined ? sub.runList(body, true) : copyFile(sub, file)), {
    fds: new Map([[1, pipe.writer]]),
  });
  pipe.writer.release();
  const chunks = await collect(shell, pipe.reader);
  const code = exitCodeOf(await child.wait());
  shell.state.status = code;
  shell.substitutionStatus = code;
  const text = Buffer.concat(chunks).toString('utf8').replaceAll('\0', '');
  let end = text.length;
  while (text.charCodeAt(end - 1) === 10) end--;
  return text.slice(0, end);
}

/** What is collected counts as the shell's memory while it is. */
async function collect(shell: Shell, reader: OpenFile): Promise<readonly Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  let charged = 0;
  try {
    for (;;) {
      const chunk = await reader.read({ signal: shell.process.killed });
      if (chunk === undefined) return chunks;
      shell.process.memory.charge(chunk.length);
      charged += chunk.length;
      chunks.push(chunk.slice());
    }
  } finally {
    reader.release();
    shell.process.memory.release(charged);
  }
}

/** `$(< file)` */
function onlyInput(body: List): readonly Redirection[] | undefined {
  const [item, ...others] = body.items;
  const command = item?.first.commands[0];
  if (others.length > 0 || item?.rest.length !== 0 || item.first.commands.length !== 1) return undefined;
  if (command?.kind !== 'simple' || command.words.length + command.assignments.length > 0) return undefined;
  return command.redirections.length === 1 && command.redirections[0]?.operator === '<'
    ? command.redirections
    : undefined;
}

async function copyFile(shell: Shell, redirections: readonly Redirection[]): Promise<number> {
  await redirect(shell, redirections);
  for (;;) {
    const chunk = await shell.process.read(0);
    if (chunk === undefined) return 0;
    await shell.process.print(chunk);
  }
}

/** Starts commands behind a pipe; the path names the pipe's other end. */
export function processSubstitution(shell: Shell, direction: 'input' | 'output', body: List): string {
  const pipe = makePipe();
  const [mine, theirs, at] = direction === 'input' ? [pipe.reader, pipe.writer, 1] : [pipe.writer, pipe.reader, 0];
  const child = shell.fork((sub) => sub.runList(body, true), { fds: new Map([[at, theirs]]) });
  theirs.release();
  const fd = shell.process.fds.add(mine, { from: 60 });
  shell.substitutions.push({ fd, child });
  return `/dev/fd/${fd}`;
}

/** The command that used them has ended. */
export function endSubstitutions(shell: Shell): void {
  const substitutions = shell.substitutions;
  shell.substitutions = [];
  for (const { fd, child } of substitutions) {
    if (shell.process.fds.has(fd)) shell.process.fds.close(fd);
    void child.wait().catch(() => undefined);
  }
}
