/**
 * Redirections: opens files and puts them at descriptors, and puts back what was there.
 */
import { type FileError, isFileError } from '../../filesystem/file-error.ts';
import type { OpenFlags } from '../../filesystem/open-node.ts';
import { CountedFile, type IoOptions, type OpenFile } from '../../process/open-file.ts';
import { CommandError, ShellError } from '../shell-error.ts';
import type { Redirection } from '../syntax/ast.ts';
import { openMessage } from './messages.ts';
import type { Shell } from './shell.ts';

/** What descriptors were before; undefined for closed ones. Holds a reference of each file. */
export type Saved = Map<number, OpenFile | undefined>;

const OPEN: Readonly<Record<string, OpenFlags>> = {
  '<': { read: true },
  '>': { write: true, create: true, truncate: true },
  '>|': { write: true, create: true, truncate: true },
  '&>': { write: true, create: true, truncate: true },
  '>>': { write: true, create: true, append: true },
  '&>>': { write: true, create: true, append: true },
  '<>': { read: true, write: true, create: true },
};

/** Runs something with redirections that end with it. */
export async function withRedirections(
  shell: Shell,
  redirections: readonly Redirection[],
  run: () => Promise<number>,
  /** A redirection that fails ends the shell. */
  fatal = false,
): Promise<number> {
  const saved: Saved = new Map();
  try {
    await redirect(shell, redirections, saved);
  } catch (error) {
    restore(shell, saved);
    if (!(error instanceof CommandError)) throw error;
    if (fatal) throw new ShellError(error.message, error.status);
    await shell.complain(error.message);
    return error.status;
  }
  try {
    return await run();
  } catch (error) {
    // Told while the command's own descriptors are in place.
    if (!(error instanceof CommandError)) throw error;
    await shell.complain(error.message, error.command);
    return error.status;
  } finally {
    restore(shell, saved);
  }
}

/** @throws CommandError when one can't be done; those before it are in `saved`. */
export async function redirect(shell: Shell, redirections: readonly Redirection[], saved?: Saved): Promise<void> {
  for (const redirection of redirections) await redirectOne(shell, redirection, saved);
}

export function restore(shell: Shell, saved: Saved): void {
  const { fds } = shell.process;
  for (const [fd, file] of [...saved].reverse()) {
    if (file !== undefined) fds.set(fd, file);
    else if (fds.has(fd)) fds.close(fd);
  }
  saved.clear();
}

async function redirectOne(shell: Shell, redirection: Redirection, saved: Saved | undefined): Promise<void> {
  const { operator, target } = redirection;
  const fd = descriptor(shell, redirection);
  if (operator === '<<' || operator === '<<<') {
    const text = await shell.expander.text(target);
    return place(shell, fd, new TextFile(operator === '<<<' ? `${text}\n` : text), saved);
  }
  const name = await shell.expander.text(target);
  if (operator === '>&' || operator === '<&') {
    if (name === '-') return close(shell, fd, saved);
    if (/^[0-9]+$/.test(name)) return duplicate(shell, Number(name), fd, saved);
    if (operator === '<&' || shell.dialect === 'dash') throw new CommandError(badDescriptor(shell, name), 2);
  }
  const both = operator.startsWith('&') || operator === '>&';
  place(shell, fd, open(shell, name, both && operator === '>&' ? '>' : operator), saved);
  if (both) duplicate(shell, 1, 2, saved);
}

function badDescriptor(shell: Shell, name: string): string {
  if (shell.dialect === 'bash') return `${name}: ambiguous redirect`;
  return shell.dialect === 'dash' ? 'Bad fd number' : `bad fd number`;
}

function descriptor(shell: Shell, { operator, fd, variable }: Redirection): number {
  if (variable === undefined) return fd ?? (operator.startsWith('<') ? 0 : 1);
  let free = 10;
  while (shell.process.fds.has(free)) free++;
  shell.state.variables.set(variable, String(free));
  return free;
}

function open(shell: Shell, path: string, operator: string): OpenFile {
  const noclobber = operator === '>' && shell.state.options.has('noclobber') && isRegular(shell, path);
  try {
    return shell.process.open(path, { ...OPEN[operator], ...(noclobber ? { exclusive: true } : {}) });
  } catch (error) {
    if (!isFileError(error)) throw error;
    throw new CommandError(describe(shell, path, error, operator !== '<'), shell.dialect === 'dash' ? 2 : 1);
  }
}

function describe(shell: Shell, path: string, error: FileError, output: boolean): string {
  return openMessage(path, error, output, shell.dialect);
}

function isRegular(shell: Shell, path: string): boolean {
  try {
    return shell.files.node(shell.absolute(path)).kind === 'file';
  } catch (error) {
    if (isFileError(error)) return false;
    throw error;
  }
}

function save(shell: Shell, fd: number, saved: Saved | undefined): void {
  if (saved === undefined || saved.has(fd)) return;
  const { fds } = shell.process;
  saved.set(fd, fds.has(fd) ? fds.get(fd).retain() : undefined);
}

function place(shell: Shell, fd: number, file: OpenFile, saved: Saved | undefined): void {
  save(shell, fd, saved);
  shell.process.fds.set(fd, file);
}

function close(shell: Shell, fd: number, saved: Saved | undefined): void {
  save(shell, fd, saved);
  if (shell.process.fds.has(fd)) shell.process.fds.close(fd);
}

function duplicate(shell: Shell, from: number, to: number, saved: Saved | undefined): void {
  const { fds } = shell.process;
  if (!fds.has(from)) {
    throw new CommandError(`${from}: Bad file descriptor`, shell.dialect === 'dash' ? 2 : 1);
  }
  save(shell, to, saved);
  fds.dup2(from, to);
}

/** A here-document. */
export class TextFile extends CountedFile {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(text: string) {
    super('pipe:[here-document]');
    this.#bytes = new TextEncoder().encode(text);
  }

  override async read({ max = Number.POSITIVE_INFINITY }: IoOptions = {}): Promise<Uint8Array | undefined> {
    if (this.#at >= this.#bytes.length) return undefined;
    const chunk = this.#bytes.subarray(this.#at, Math.min(this.#bytes.length, this.#at + max));
    this.#at += chunk.length;
    return chunk;
  }

  override seek(offset: number, from: 'start' | 'current' | 'end'): number {
    const base = from === 'start' ? 0 : from === 'end' ? this.#bytes.length : this.#at;
    this.#at = Math.max(0, base + offset);
    return this.#at;
  }
}
