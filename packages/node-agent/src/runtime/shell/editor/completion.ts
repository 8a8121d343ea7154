/**
 * What the Tab key offers: commands at the start of a command, variables behind `$`, otherwise paths.
 */
import { isFileError } from '../../filesystem/file-error.ts';
import type { Shell } from '../execute/shell.ts';
import { findBuiltin } from '../execute/simple-command.ts';
import type { Completion } from './line-editor.ts';

/** More aren't offered. */
const MOST_CANDIDATES = 500;

export function completion(shell: Shell, text: string, cursor: number): Completion {
  const before = text.slice(0, cursor);
  const from = before.length - (/(?:\\.|[^\s;&|<>()"'`=])*$/s.exec(before)?.[0].length ?? 0);
  const word = before.slice(from);
  const isCommand = /(?:^|[;&|(`]|\b(?:then|do|else|if|while|until|time|exec|sudo))\s*$/.test(before.slice(0, from));
  const found = word.startsWith('$')
    ? variables(shell, word)
    : isCommand && !word.includes('/')
      ? commands(shell, word)
      : paths(shell, word);
  return { from, candidates: [...new Set(found)].sort().slice(0, MOST_CANDIDATES) };
}

function variables(shell: Shell, word: string): string[] {
  return shell.state.variables
    .names()
    .map((name) => `$${name}`)
    .filter((name) => name.startsWith(word));
}

function commands(shell: Shell, word: string): string[] {
  const names = [
    ...[...shell.builtins.keys()].filter((name) => findBuiltin(shell, name) !== undefined),
    ...shell.state.functions.keys(),
    ...shell.state.aliases.keys(),
  ];
  for (const directory of (shell.state.variables.get('PATH') ?? '').split(':')) names.push(...list(shell, directory));
  return names.filter((name) => name.startsWith(word));
}

function paths(shell: Shell, word: string): string[] {
  const plain = word.replace(/\\(.)/gs, '$1');
  const slash = plain.lastIndexOf('/') + 1;
  const directory = plain.slice(0, slash);
  const start = plain.slice(slash);
  return list(shell, directory === '' ? '.' : directory.replace(/^~(?=\/)/, shell.state.variables.get('HOME') ?? '~'))
    .filter((name) => name.startsWith(start) && (start.startsWith('.') || !name.startsWith('.')))
    .map((name) => `${directory}${name}`)
    .map((path) => `${path.replace(/[\s\\"'`$&|;<>()*?[\]]/g, '\\$&')}${isDirectory(shell, path) ? '/' : ''}`);
}

function list(shell: Shell, directory: string): readonly string[] {
  try {
    return shell.files.list(shell.absolute(directory));
  } catch (error) {
    if (isFileError(error)) return [];
    throw error;
  }
}

function isDirectory(shell: Shell, path: string): boolean {
  try {
    return shell.files.node(shell.absolute(path)).kind === 'directory';
  } catch (error) {
    if (isFileError(error)) return false;
    throw error;
  }
}
