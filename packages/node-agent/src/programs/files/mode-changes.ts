/**
 * Modes as `chmod` takes them: octal, or letters that change what is there.
 */
import { UsageError } from '../support/command-line.ts';

const WHO: Readonly<Record<string, number>> = { u: 0o4700, g: 0o2070, o: 0o1007, a: 0o7777 };
const BITS: Readonly<Record<string, number>> = { r: 0o444, w: 0o222, x: 0o111, s: 0o6000, t: 0o1000 };

/** @throws UsageError */
export function changedMode(text: string, mode: number, isDirectory: boolean, umask: number): number {
  if (/^[0-7]{1,5}$/.test(text)) return Number.parseInt(text, 8) & 0o7777;
  let result = mode;
  for (const clause of text.split(',')) {
    const match = /^([ugoa]*)((?:[-+=][rwxXstugo]*)+)$/.exec(clause);
    if (match === null) throw new UsageError(`invalid mode '${text}'`);
    const [, who = '', actions = ''] = match;
    const mask = who === '' ? 0o7777 & ~umask : [...who].reduce((all, letter) => all | (WHO[letter] ?? 0), 0);
    for (const [, operator = '', letters = ''] of actions.matchAll(/([-+=])([rwxXstugo]*)/g)) {
      result = apply(result, operator, letters, mask, isDirectory);
    }
  }
  return result;
}

function apply(mode: number, operator: string, letters: string, mask: number, isDirectory: boolean): number {
  let bits = 0;
  for (const letter of letters) {
    if (letter === 'X') bits |= isDirectory || (mode & 0o111) !== 0 ? 0o111 : 0;
    else if ('ugo'.includes(letter)) bits |= ((mode >> { u: 6, g: 3, o: 0 }[letter as 'u' | 'g' | 'o']) & 7) * 0o111;
    else bits |= BITS[letter] ?? 0;
  }
  const chosen = bits & mask;
  if (operator === '+') return mode | chosen;
  if (operator === '-') return mode & ~chosen;
  return (mode & ~(mask & 0o777)) | chosen;
}
