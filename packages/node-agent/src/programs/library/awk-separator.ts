/**
 * awk's separators as POSIX has them: a single character other than a blank is that character, also where it means
 * something in an expression. The library takes every field separator for an expression, and sets none by `-v`.
 *
 * Covers -F, -v and assignments of a string to FS in a program among the arguments; not FS in a file of -f, from another
 * variable, or between operands.
 */
const SPECIAL = /^[.*+?^$()|]$/;
/** What -v sets by an assignment before the program. */
const OUTPUT = /^(OFS|ORS|SUBSEP)=(.*)$/s;
/** Strings, comments, and what is looked for: an assignment to FS. Strings and comments are passed over as they are. */
const TOKENS = /(\bFS\s*=\s*)"([.*+?^$()|])"|"(?:[^"\\\n]|\\.)*"|#[^\n]*/g;

export function literalSeparators(args: readonly string[]): string[] {
  const words: string[] = [];
  let first = '';
  for (let at = 0; at < args.length; at++) {
    const word = args[at] ?? '';
    const option = /^-([Fvf])(.*)$/s.exec(word);
    if (option === null) {
      const isProgram = !word.startsWith('-') && !words.includes('-f');
      return [...words, isProgram ? first + literalInProgram(word) : word, ...args.slice(at + 1)];
    }
    const [, letter = '', attached = ''] = option;
    const value = attached === '' ? args[++at] : attached;
    if (value === undefined) return [...words, word];
    const output = letter === 'v' ? OUTPUT.exec(value) : null;
    if (output === null) words.push(...optionWords(letter, value));
    else first += `BEGIN{${output[1]}="${escaped(output[2] ?? '')}"} `;
  }
  return words;
}

function optionWords(letter: string, value: string): string[] {
  const separator = letter === 'F' ? value : /^FS=(.*)$/s.exec(value)?.[1];
  return letter === 'f' || separator === undefined ? [`-${letter}`, value] : ['-F', literal(separator)];
}

/** For a string of the language; escapes stay escapes, as -v has them too. */
function escaped(value: string): string {
  return value.replace(/\\.|"|\n/gs, (part) => (part === '"' ? '\\"' : part === '\n' ? '\\n' : part));
}

function literal(separator: string): string {
  if (!SPECIAL.test(separator)) return separator;
  return `[${separator === '^' ? '\\^' : separator}]`;
}

function literalInProgram(program: string): string {
  return program.replace(TOKENS, (token: string, assignment?: string, separator = '') =>
    assignment === undefined ? token : `${assignment}"[${separator === '^' ? '\\\\^' : separator}]"`,
  );
}
