/**
 * `read` and `mapfile`.
 */
import { readLine } from '../execute/line-reader.ts';
import type { Shell } from '../execute/shell.ts';
import { CommandError, Interrupted } from '../shell-error.ts';
import { BASH, type Builtin, readOptions } from './builtin.ts';

interface ReadOptions {
  readonly fd: number;
  readonly raw: boolean;
  readonly delimiter: number;
  readonly most: number | undefined;
  /** Cluster milliseconds. */
  readonly timeout: number | undefined;
  readonly silent: boolean;
}

/** `read` ended by its timeout, as bash and ash give it. */
const TIMED_OUT = 128 + 14;

const read: Builtin = {
  run: async (shell, args) => {
    const { options, operands, unknown } = readOptions(
      args,
      shell.dialect === 'dash' ? 'r' : 'rse',
      shell.dialect === 'dash' ? 'p' : 'pntduaiN',
    );
    if (unknown !== undefined) throw new CommandError(unknownOption(shell, unknown), 2);
    const array = options.get('a');
    const names = operands.length > 0 ? operands : shell.dialect === 'dash' ? [] : ['REPLY'];
    if (names.length === 0) throw new CommandError('arg count', 2);
    const prompt = options.get('p');
    if (prompt !== undefined && isTerminal(shell)) await shell.process.printError(prompt);
    const count = options.get('n') ?? options.get('N');
    const seconds = options.get('t');
    const line = await withTerminal(shell, options.has('s'), count !== undefined, () =>
      readText(shell, {
        fd: Number(options.get('u') ?? 0),
        raw: options.has('r'),
        delimiter: options.has('d') ? (options.get('d') ?? '').charCodeAt(0) || 0 : 10,
        most: count === undefined ? undefined : Number(count),
        timeout: seconds === undefined ? undefined : Number(seconds) * 1000,
        silent: options.has('s'),
      }),
    );
    if (line === 'timeout') return shell.dialect === 'ash' ? 1 : TIMED_OUT;
    if (array !== undefined) setArray(shell, array, line.characters);
    else setNames(shell, operands.length === 0 && shell.dialect === 'bash' ? undefined : names, line.characters);
    return line.complete ? 0 : 1;
  },
};

function unknownOption(shell: Shell, letter: string): string {
  return shell.dialect === 'bash'
    ? `-${letter}: invalid option`
    : `${shell.dialect === 'dash' ? 'Illegal' : 'illegal'} option -${letter}`;
}

function isTerminal(shell: Shell): boolean {
  return shell.process.fds.has(0) && shell.process.fds.get(0).terminal !== undefined;
}

async function withTerminal<T>(shell: Shell, silent: boolean, single: boolean, run: () => Promise<T>): Promise<T> {
  const terminal = shell.process.fds.has(0) ? shell.process.fds.get(0).terminal : undefined;
  if (terminal === undefined || (!silent && !single)) return run();
  const { mode } = terminal;
  terminal.setMode({ ...(silent ? { echo: false } : {}), ...(single ? { icanon: false } : {}) });
  try {
    return await run();
  } finally {
    terminal.setMode(mode);
  }
}

/** A character of input; a backslash has made it an ordinary one. */
interface Character {
  readonly char: string;
  readonly quoted: boolean;
}

interface ReadLine {
  readonly characters: readonly Character[];
  readonly complete: boolean;
}

async function readText(shell: Shell, options: ReadOptions): Promise<ReadLine | 'timeout'> {
  const stop = new AbortController();
  const undo = [
    shell.traps.onArrival(() => stop.abort(new Interrupted())),
    onAbort(shell.interruption, () => stop.abort(new Interrupted())),
  ];
  let timedOut = false;
  if (options.timeout !== undefined) {
    const wait = options.timeout;
    void shell.process.clock.sleep(wait, stop.signal).then(
      () => {
        timedOut = true;
        stop.abort(new Interrupted());
      },
      () => undefined,
    );
  }
  try {
    return await readLines(shell, options, stop.signal);
  } catch (error) {
    if (timedOut) return 'timeout';
    if (!stop.signal.aborted) throw error;
    if (shell.interruption.aborted) throw new Interrupted();
    await shell.runPendingTraps();
    return { characters: [], complete: false };
  } finally {
    stop.abort();
    for (const undoOne of undo) undoOne();
  }
}

function onAbort(signal: AbortSignal, callback: () => void): () => void {
  signal.addEventListener('abort', callback);
  return () => signal.removeEventListener('abort', callback);
}

/** Lines until one doesn't end in a backslash. */
async function readLines(shell: Shell, options: ReadOptions, signal: AbortSignal): Promise<ReadLine> {
  const characters: Character[] = [];
  for (;;) {
    const { bytes, complete } = await readLine(shell.process, options.fd, {
      delimiter: options.delimiter,
      signal,
      ...(options.most === undefined ? {} : { most: options.most }),
    });
    const text = new TextDecoder().decode(bytes);
    let continues = false;
    for (let at = 0; at < text.length; at++) {
      const char = text.charAt(at);
      if (options.raw || char !== '\\') characters.push({ char, quoted: false });
      else if (at + 1 < text.length) characters.push({ char: text.charAt(++at), quoted: true });
      else continues = complete && options.delimiter === 10;
    }
    if (!continues) return { characters: characters.filter(({ char }) => char !== '\0'), complete };
  }
}

/** Splits at IFS; the last name gets the rest. */
function setNames(shell: Shell, names: readonly string[] | undefined, characters: readonly Character[]): void {
  const { variables } = shell.state;
  if (names === undefined) return variables.set('REPLY', characters.map(({ char }) => char).join(''));
  const fields = split(characters, variables.get('IFS') ?? ' \t\n', names.length);
  for (const [i, name] of names.entries()) variables.set(name, fields[i] ?? '');
}

function setArray(shell: Shell, name: string, characters: readonly Character[]): void {
  const fields = split(characters, shell.state.variables.get('IFS') ?? ' \t\n', Number.POSITIVE_INFINITY);
  shell.state.variables.setArray(name, new Map(fields.map((field, i) => [i, field])));
}

function split(characters: readonly Character[], separators: string, most: number): string[] {
  const isBlank = ({ char, quoted }: Character): boolean => !quoted && separators.includes(char) && /\s/.test(char);
  const isSeparator = ({ char, quoted }: Character): boolean => !quoted && separators.includes(char);
  const blankAt = (at: number): boolean => {
    const character = characters[at];
    return character !== undefined && isBlank(character);
  };
  const fields: string[] = [];
  let at = 0;
  while (blankAt(at)) at++;
  while (at < characters.length) {
    if (fields.length === most - 1) {
      fields.push(rest(characters.slice(at), isBlank, isSeparator));
      break;
    }
    let field = '';
    for (let one = characters[at]; one !== undefined && !isSeparator(one); one = characters[++at]) field += one.char;
    fields.push(field);
    while (blankAt(at)) at++;
    const separator = characters[at];
    if (separator !== undefined && isSeparator(separator)) {
      at++;
      while (blankAt(at)) at++;
    }
  }
  return fields;
}

/** The last field: blanks at its end go, and one separator when it is the only one. */
function rest(
  characters: readonly Character[],
  isBlank: (character: Character) => boolean,
  isSeparator: (character: Character) => boolean,
): string {
  let end = characters.length;
  const last = (): Character | undefined => characters[end - 1];
  const trim = (): void => {
    for (let one = last(); one !== undefined && isBlank(one); one = last()) end--;
  };
  trim();
  const one = last();
  if (one !== undefined && isSeparator(one) && characters.slice(0, end).filter(isSeparator).length === 1) {
    end--;
    trim();
  }
  return characters
    .slice(0, end)
    .map(({ char }) => char)
    .join('');
}

/** Lines that `mapfile` takes at most. */
const MOST_LINES = 100_000;

const mapfile: Builtin = {
  dialects: BASH,
  run: async (shell, args) => {
    const { options, operands } = readOptions(args, 't', 'dnOsuCc');
    const lines: string[] = [];
    const most = Number(options.get('n') ?? 0) || MOST_LINES;
    const delimiter = options.has('d') ? (options.get('d') ?? '').charCodeAt(0) || 0 : 10;
    for (let skip = Number(options.get('s') ?? 0); lines.length < most; ) {
      const line = await readLine(shell.process, Number(options.get('u') ?? 0), { delimiter });
      if (!line.complete && line.bytes.length === 0) break;
      const text = new TextDecoder().decode(line.bytes);
      if (skip-- <= 0)
        lines.push(options.has('t') || !line.complete ? text : `${text}${String.fromCharCode(delimiter)}`);
      if (!line.complete) break;
    }
    const first = Number(options.get('O') ?? 0);
    shell.state.variables.setArray(operands[0] ?? 'MAPFILE', new Map(lines.map((line, i) => [first + i, line])));
    return 0;
  },
};

export const INPUT: Readonly<Record<string, Builtin>> = { read, mapfile, readarray: mapfile };
