/**
 * stty and tty: the terminal on standard input (busybox coreutils/stty.c, coreutils/tty.c).
 */

import { SANE_MODE } from '../../runtime/process/line-discipline.ts';
import type { ProcessContext } from '../../runtime/process/process-context.ts';
import type { Terminal, TerminalMode } from '../../runtime/process/terminal.ts';

const FLAGS = [
  'icrnl',
  'ixon',
  'opost',
  'onlcr',
  'isig',
  'icanon',
  'iexten',
  'echo',
  'echoe',
  'echoctl',
  'tostop',
] as const satisfies readonly (keyof TerminalMode)[];

const KEYS =
  'intr = ^C; quit = ^\\; erase = ^?; kill = ^U; eof = ^D; eol = <undef>;\n' +
  'eol2 = <undef>; swtch = <undef>; start = ^Q; stop = ^S; susp = ^Z; rprnt = ^R;\n' +
  'werase = ^W; lnext = ^V; flush = ^O; min = 1; time = 0;\n';

export async function tty(process: ProcessContext): Promise<number> {
  const terminal = process.fds.has(0) ? process.fds.get(0).terminal : undefined;
  if (!process.argv.includes('-s')) await process.print(`${terminal?.name ?? 'not a tty'}\n`);
  return terminal === undefined ? 1 : 0;
}

export async function stty(process: ProcessContext): Promise<number> {
  const terminal = process.fds.has(0) ? process.fds.get(0).terminal : undefined;
  if (terminal === undefined) {
    await process.printError('stty: standard input: Not a tty\n');
    return 1;
  }
  const words = process.argv.slice(1);
  if (words.length === 0 || words[0] === '-a' || words[0] === '-g') {
    await process.print(words[0] === '-g' ? saved(terminal) : described(terminal, words[0] === '-a'));
    return 0;
  }
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (word === 'size') await process.print(`${terminal.size.rows} ${terminal.size.columns}\n`);
    else if (['rows', 'cols', 'columns'].includes(word)) resize(terminal, word, Number(words[++at]));
    else if (!change(terminal, word)) {
      await process.printError(`stty: invalid argument '${word}'\n`);
      return 1;
    }
  }
  return 0;
}

function change(terminal: Terminal, word: string): boolean {
  const isOff = word.startsWith('-');
  const name = isOff ? word.slice(1) : word;
  const flag = FLAGS.find((known) => known === name);
  if (flag !== undefined) terminal.setMode({ [flag]: !isOff });
  else if (word === 'sane') terminal.setMode(SANE_MODE);
  else if (word === 'raw') terminal.setRaw();
  else if (word === '-raw' || word === 'cooked')
    terminal.setMode({ icanon: true, isig: true, icrnl: true, opost: true });
  else if (name === 'cbreak') terminal.setMode({ icanon: isOff });
  else if (/^regatta:[01]+$/.test(word)) restore(terminal, word.slice('regatta:'.length));
  else return false;
  return true;
}

/** What `stty -g` prints, to be given back to stty. */
function saved({ mode }: Terminal): string {
  return `regatta:${FLAGS.map((flag) => (mode[flag] ? 1 : 0)).join('')}\n`;
}

function restore(terminal: Terminal, bits: string): void {
  terminal.setMode(Object.fromEntries(FLAGS.map((flag, i) => [flag, bits.charAt(i) === '1'])));
}

function resize(terminal: Terminal, word: string, value: number): void {
  if (!Number.isInteger(value) || value < 0) return;
  const { columns, rows } = terminal.size;
  terminal.resize(word === 'rows' ? { columns, rows: value } : { columns: value, rows });
}

function described({ size, mode }: Terminal, isFull: boolean): string {
  const flags = FLAGS.map((flag) => (mode[flag] ? flag : `-${flag}`)).join(' ');
  if (isFull) return `speed 38400 baud; rows ${size.rows}; columns ${size.columns};\n${KEYS}${flags}\n`;
  const changed = FLAGS.filter((flag) => mode[flag] !== SANE_MODE[flag]).map((flag) =>
    mode[flag] ? flag : `-${flag}`,
  );
  return `speed 38400 baud;\n${changed.length === 0 ? '' : `${changed.join(' ')}\n`}`;
}
