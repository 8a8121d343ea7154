/**
 * The tests of `test` and `[[` that look at one or two operands.
 */
import { isFileError } from '../../filesystem/file-error.ts';
import type { FileStatus } from '../../filesystem/file-status.ts';
import type { ContainerFileSystem } from '../../filesystem/file-system.ts';
import type { FdTable } from '../../process/fd-table.ts';
import { optionOfName } from './options.ts';
import type { Shell } from './shell.ts';

const PERMISSION: Readonly<Record<string, number>> = { '-r': 4, '-w': 2, '-x': 1 };

/** Who looks: a shell, or `test` as a program. */
export interface Tester {
  readonly files: ContainerFileSystem;
  absolute(path: string): string;
  readonly process: { readonly fds: FdTable; readonly credentials: { readonly uid: number; readonly gid: number } };
}

export function unaryTest(shell: Shell, operator: string, operand: string): boolean {
  if (operator === '-o') {
    const name = optionOfName(operand);
    return name !== undefined && shell.state.options.has(name);
  }
  if (operator === '-v') return isSet(shell, operand);
  return fileTest(shell, operator, operand);
}

function isSet(shell: Shell, name: string): boolean {
  const element = /^(\w+)\[(.*)\]$/s.exec(name);
  if (element?.[1] !== undefined) return shell.state.variables.element(element[1], element[2] ?? '') !== undefined;
  return shell.state.variables.get(name) !== undefined;
}

export function fileTest(tester: Tester, operator: string, operand: string): boolean {
  switch (operator) {
    case '-z':
      return operand === '';
    case '-n':
      return operand !== '';
    case '-t':
      return isTerminal(tester, operand);
    case '-h':
    case '-L':
      return status(tester, operand, false)?.kind === 'symlink';
    case '-r':
    case '-w':
    case '-x':
      return mayAccess(tester, operand, PERMISSION[operator] ?? 0);
  }
  const found = status(tester, operand, true);
  return found !== undefined && statusTest(tester, operator, found);
}

function statusTest(tester: Tester, operator: string, found: FileStatus): boolean {
  switch (operator) {
    case '-f':
      return found.kind === 'file';
    case '-d':
      return found.kind === 'directory';
    case '-s':
      return found.size > 0;
    case '-p':
      return found.kind === 'fifo';
    case '-S':
      return found.kind === 'socket';
    case '-c':
      return found.kind === 'device';
    case '-b':
      return false;
    case '-u':
      return (found.mode & 0o4000) !== 0;
    case '-g':
      return (found.mode & 0o2000) !== 0;
    case '-k':
      return (found.mode & 0o1000) !== 0;
    case '-O':
      return found.uid === tester.process.credentials.uid;
    case '-G':
      return found.gid === tester.process.credentials.gid;
    default:
      return true;
  }
}

function isTerminal(tester: Tester, fd: string): boolean {
  const number = Number(fd);
  return tester.process.fds.has(number) && tester.process.fds.get(number).terminal !== undefined;
}

function status(tester: Tester, path: string, follow: boolean): FileStatus | undefined {
  if (path === '') return undefined;
  try {
    return tester.files.status(tester.absolute(path), follow);
  } catch (error) {
    if (isFileError(error)) return undefined;
    throw error;
  }
}

function mayAccess(tester: Tester, path: string, wanted: number): boolean {
  if (path === '') return false;
  try {
    tester.files.access(tester.absolute(path), wanted);
    return true;
  } catch (error) {
    if (isFileError(error)) return false;
    throw error;
  }
}

/** Texts by their order, and two files. */
export function binaryTest(tester: Tester, operator: string, left: string, right: string): boolean {
  if (operator === '<') return left < right;
  if (operator === '>') return left > right;
  const a = status(tester, left, true);
  const b = status(tester, right, true);
  if (operator === '-nt') return a !== undefined && (b === undefined || a.modified > b.modified);
  if (operator === '-ot') return b !== undefined && (a === undefined || a.modified < b.modified);
  return a !== undefined && b !== undefined && a.ino === b.ino && a.mountPath === b.mountPath;
}
