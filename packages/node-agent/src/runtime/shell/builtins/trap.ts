/**
 * `trap`
 */

import { SIGNAL_NUMBER, signalOf } from '../../process/signals.ts';
import type { Shell } from '../execute/shell.ts';
import type { TrapName } from '../execute/traps.ts';
import { shellQuoted } from '../expansion/parameters.ts';
import { CommandError } from '../shell-error.ts';
import type { Builtin } from './builtin.ts';

function trapName(shell: Shell, text: string): TrapName {
  const upper = text.toUpperCase();
  if (text === '0' || upper === 'EXIT') return 'EXIT';
  if (shell.dialect === 'bash' && (upper === 'ERR' || upper === 'DEBUG' || upper === 'RETURN')) return upper;
  const signal = signalOf(text);
  if (signal !== undefined) return signal;
  if (shell.dialect === 'bash') throw new CommandError(`${text}: invalid signal specification`, 1);
  throw new CommandError(shell.dialect === 'dash' ? `bad trap` : `${text}: invalid signal specification`, 1);
}

async function print(shell: Shell, names: readonly string[]): Promise<number> {
  const wanted = names.map((name) => trapName(shell, name));
  const lines = shell.traps
    .entries()
    .filter(([name]) => wanted.length === 0 || wanted.includes(name))
    .map(([name, action]) => `trap -- ${shellQuoted(action)} ${prefix(shell, name)}${name}\n`);
  await shell.process.print(lines.join(''));
  return 0;
}

function prefix(shell: Shell, name: TrapName): string {
  return shell.dialect === 'bash' && Object.hasOwn(SIGNAL_NUMBER, name) ? 'SIG' : '';
}

export const TRAP: Builtin = {
  special: true,
  run: (shell, args) => {
    const words = args[0] === '--' ? args.slice(1) : args;
    const [action, ...names] = words;
    if (action === undefined) return print(shell, []);
    if (action === '-p') return print(shell, names);
    if (action === '-l') return 0;
    // A single signal or a number first: all are given back to their defaults.
    if (names.length === 0 || /^[0-9]+$/.test(action)) {
      for (const name of words) shell.traps.set(trapName(shell, name), undefined);
      return 0;
    }
    for (const name of names) shell.traps.set(trapName(shell, name), action === '-' ? undefined : action);
    return 0;
  },
};
