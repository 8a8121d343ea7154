/**
 * Where a shell's history is kept in the container: ~/.ash_history or ~/.bash_history.
 */
import { isFileError } from '../../filesystem/file-error.ts';
import type { Shell } from '../execute/shell.ts';
import { History } from './history.ts';

function historyPath(shell: Shell): string | undefined {
  const { variables } = shell.state;
  const file = variables.get('HISTFILE');
  if (file !== undefined) return file === '' ? undefined : file;
  const home = variables.get('HOME');
  if (home === undefined || shell.dialect === 'dash') return undefined;
  return `${home === '/' ? '' : home}/.${shell.dialect}_history`;
}

export function loadHistory(shell: Shell): History {
  const path = historyPath(shell);
  try {
    if (path === undefined || !shell.files.exists(path)) return new History();
    return new History(
      new TextDecoder()
        .decode(shell.files.readFile(path))
        .split('\n')
        .filter((line) => line !== ''),
    );
  } catch (error) {
    if (isFileError(error)) return new History();
    throw error;
  }
}

/** Adds a line at the end of the file; one that can't be written is forgotten at the session's end. */
export function saveLine(shell: Shell, line: string): void {
  const path = historyPath(shell);
  if (path === undefined) return;
  try {
    shell.files.appendFile(path, new TextEncoder().encode(`${line}\n`));
  } catch (error) {
    if (!isFileError(error)) throw error;
  }
}
