/**
 * A command that the shell does itself.
 */
import type { Dialect } from '../dialect.ts';
import type { Shell } from '../execute/shell.ts';
import type { Invocation } from '../execute/simple-command.ts';

export interface Builtin {
  /** POSIX's special builtins are found before functions, and keep assignments that stand before them. */
  readonly special?: boolean;
  /** Shells that have it; all when left out. */
  readonly dialects?: readonly Dialect[];
  /** @param args without the name @returns the status @throws CommandError, ShellError, Jump */
  run(shell: Shell, args: readonly string[], invocation: Invocation): Promise<number> | number;
}

export const BASH: readonly Dialect[] = ['bash'];
export const NOT_DASH: readonly Dialect[] = ['ash', 'bash'];

/** Option letters before the operands; those in `withValue` take the next word. */
export function readOptions(
  args: readonly string[],
  letters: string,
  withValue = '',
): { options: ReadonlyMap<string, string>; operands: readonly string[]; unknown: string | undefined } {
  const options = new Map<string, string>();
  let at = 0;
  for (; at < args.length; at++) {
    const word = args[at] ?? '';
    if (word === '--') {
      at++;
      break;
    }
    if (!/^-./.test(word)) break;
    for (let i = 1; i < word.length; i++) {
      const letter = word.charAt(i);
      if (withValue.includes(letter)) {
        options.set(letter, i + 1 < word.length ? word.slice(i + 1) : (args[++at] ?? ''));
        break;
      }
      if (!letters.includes(letter)) return { options, operands: args.slice(at + 1), unknown: letter };
      options.set(letter, '');
    }
  }
  return { options, operands: args.slice(at), unknown: undefined };
}
