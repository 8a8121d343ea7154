/**
 * Whether a tool of the library reads standard input: its input is read before it starts, and a tool that doesn't read
 * must not wait for it.
 */

/** Tools that never do. */
const NEVER: ReadonlySet<string> = new Set(['tree', 'find', 'file', 'which', 'cal', 'diff']);
/** Tools whose first operand is a program, not a file. */
const PROGRAM_FIRST: ReadonlySet<string> = new Set(['sed', 'awk', 'gawk', 'jq']);
/** Options that take the next word, by tool. */
const WITH_VALUE: Readonly<Record<string, string>> = {
  sed: 'ef',
  awk: 'Fvf',
  gawk: 'Fvf',
  jq: '',
  sort: 'koStT',
  fold: 'w',
  nl: 'bnwsv',
  split: 'bln',
  column: 'sc',
  join: '12jtaveo',
  paste: 'd',
  comm: '',
  strings: 'n',
  od: 'AtNjw',
  expand: 't',
  unexpand: 't',
};

export function readsStandardInput(name: string, args: readonly string[]): boolean {
  if (NEVER.has(name)) return args.includes('-') && name === 'diff';
  const { operands, hasScript } = operandsOf(name, args);
  const files = PROGRAM_FIRST.has(name) && !hasScript ? operands.slice(1) : operands;
  return files.length === 0 || files.includes('-') || files.some((file) => /^\/dev\/(?:stdin|fd\/0)$/.test(file));
}

function operandsOf(name: string, args: readonly string[]): { operands: readonly string[]; hasScript: boolean } {
  const withValue = WITH_VALUE[name] ?? '';
  const operands: string[] = [];
  let hasScript = false;
  for (let at = 0; at < args.length; at++) {
    const word = args[at] ?? '';
    if (word === '--') return { operands: [...operands, ...args.slice(at + 1)], hasScript };
    if (!/^-./.test(word)) {
      operands.push(word);
      continue;
    }
    const letter = word.startsWith('--') ? '' : word.charAt(word.length - 1);
    if (name === 'jq' && /^--(?:arg|argjson|slurpfile|rawfile)$/.test(word)) at += 2;
    if (name === 'jq' && /^-[a-zA-Z]*n|^--null-input$/.test(word)) return { operands: ['', ''], hasScript: false };
    if (letter !== '' && withValue.includes(letter)) {
      at++;
      hasScript ||= (letter === 'e' || letter === 'f') && PROGRAM_FIRST.has(name);
    } else if (name === 'sed' && /^-[ef]./.test(word)) hasScript = true;
  }
  return { operands, hasScript };
}
