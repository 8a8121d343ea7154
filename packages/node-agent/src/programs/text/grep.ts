/**
 * `grep`, `egrep`, `fgrep`: line by line, by an engine whose time is linear in the text (RE2): a guest's pattern can't
 * hang the agent. Back-references are therefore not there.
 */
import { RE2JS } from 're2js';
import { isFileError } from '../../runtime/filesystem/file-error.ts';
import type { ProcessContext } from '../../runtime/process/process-context.ts';
import { absolute, applet, eachInput, latin1, lineBatches, nameOf, OutputBuffer, utf8 } from '../support/applet.ts';
import { type CommandLine, parseOptions, UsageError } from '../support/command-line.ts';
import { re2Source } from './regular-expression.ts';

const LONG = {
  'ignore-case': 'i',
  'invert-match': 'v',
  count: 'c',
  'line-number': 'n',
  'files-with-matches': 'l',
  'files-without-match': 'L',
  quiet: 'q',
  silent: 'q',
  'no-messages': 's',
  'with-filename': 'H',
  'no-filename': 'h',
  'only-matching': 'o',
  'word-regexp': 'w',
  'line-regexp': 'x',
  'extended-regexp': 'E',
  'fixed-strings': 'F',
  'basic-regexp': 'G',
  'perl-regexp': 'P',
  recursive: 'r',
  regexp: 'e',
  file: 'f',
  'max-count': 'm',
  'after-context': 'A',
  'before-context': 'B',
  context: 'C',
  'line-buffered': 'u',
  color: 'K',
  colour: 'K',
  text: 'a',
  include: 'I',
  exclude: 'X',
};

export const grep = applet(async (process, args) => {
  const line = parseOptions(args, { flags: 'ivcnlLqsHhowxEFGPrRuaKyzU', values: 'efmABCIX', digits: 'C', long: LONG });
  const operands = [...line.operands];
  const patterns = patternsOf(process, line, operands);
  const recursive = line.has('r') || line.has('R');
  const paths = recursive ? filesBelow(process, operands.length === 0 ? ['.'] : operands) : operands;
  const search = new Search(process, line, compile(process, line, patterns), paths.length > 1 || recursive);
  const status = await eachInput(process, recursive && paths.length === 0 ? ['/dev/null'] : paths, (input, path) =>
    search.run(input, path),
  );
  if (status !== 0 && !(line.has('q') && search.found)) return 2;
  return search.found ? 0 : 1;
});

function patternsOf(process: ProcessContext, line: CommandLine, operands: string[]): readonly string[] {
  const given = [...line.values('e')];
  for (const path of line.values('f')) {
    const text = new TextDecoder().decode(process.fileSystem().readFile(absolute(process, path)));
    given.push(...text.replace(/\n$/, '').split('\n'));
  }
  if (line.values('e').length + line.values('f').length === 0) {
    const pattern = operands.shift();
    if (pattern === undefined) throw new UsageError('no pattern given', 2);
    given.push(pattern);
  }
  return given.flatMap((pattern) => pattern.split('\n'));
}

function compile(process: ProcessContext, line: CommandLine, patterns: readonly string[]): RE2JS {
  const name = nameOf(process);
  const kind =
    line.has('F') || name === 'fgrep'
      ? 'fixed'
      : line.has('E') || line.has('P') || name === 'egrep'
        ? 'extended'
        : 'basic';
  const sources = patterns.map((pattern) => `(?:${re2Source(pattern, kind)})`);
  const either = sources.join('|');
  const source = line.has('x') ? `^(?:${either})$` : line.has('w') ? `(?:^|\\b)(?:${either})(?:\\b|$)` : either;
  try {
    return RE2JS.compile(source, line.has('i') || line.has('y') ? RE2JS.CASE_INSENSITIVE : 0);
  } catch (error) {
    throw new UsageError(`bad regex '${patterns[0] ?? ''}': ${error instanceof Error ? error.message : error}`, 2);
  }
}

/** Files that a recursive search looks into at most. */
const MOST_FILES = 10_000;

function filesBelow(process: ProcessContext, roots: readonly string[]): string[] {
  const files = process.fileSystem();
  const found: string[] = [];
  const walk = (path: string): void => {
    if (found.length >= MOST_FILES) return;
    try {
      const kind = files.status(absolute(process, path), roots.includes(path)).kind;
      if (kind === 'file' || (roots.includes(path) && kind !== 'directory')) found.push(path);
      if (kind === 'directory')
        for (const name of files.list(absolute(process, path)))
          walk(path === '.' ? name : `${path.replace(/\/$/, '')}/${name}`);
    } catch (error) {
      if (!isFileError(error)) throw error;
      found.push(path);
    }
  };
  for (const root of roots) walk(root);
  return found;
}

class Search {
  found = false;
  readonly #output: OutputBuffer;
  readonly #named: boolean;
  readonly #before: number;
  readonly #after: number;

  constructor(
    private readonly process: ProcessContext,
    private readonly line: CommandLine,
    private readonly expression: RE2JS,
    several: boolean,
  ) {
    this.#output = new OutputBuffer(process);
    this.#named = line.has('H') || (several && !line.has('h'));
    this.#before = Number(line.value('B') ?? line.value('C') ?? 0);
    this.#after = Number(line.value('A') ?? line.value('C') ?? 0);
  }

  async run(input: AsyncIterable<Uint8Array>, path: string): Promise<void> {
    const { line } = this;
    const name = path === '-' ? '(standard input)' : path;
    const matched = await this.#lines(input, name);
    if (line.has('c')) await this.#output.write(`${this.#named ? `${latin1(name)}:` : ''}${matched}\n`);
    if (line.has('l') && matched > 0) await this.#output.write(`${latin1(name)}\n`);
    if (line.has('L') && matched === 0) await this.#output.write(`${latin1(name)}\n`);
    await this.#output.flush();
  }

  /** Searches one input; gives the number of lines that matched. */
  async #lines(input: AsyncIterable<Uint8Array>, name: string): Promise<number> {
    const { line } = this;
    const most = Number(line.value('m') ?? Number.POSITIVE_INFINITY);
    const quiet = line.has('q') || line.has('c') || line.has('l') || line.has('L');
    const context = new Context(this.#before, this.#after);
    let matched = 0;
    let number = 0;
    for await (const lines of lineBatches(input)) {
      for (const bytes of lines) {
        number++;
        const text = utf8(bytes);
        const matches = this.expression.matcher(text).find() !== line.has('v');
        if (matches) {
          matched++;
          this.found = true;
          if (line.has('q') || line.has('l')) return matched;
        }
        if (!quiet) for (const shown of context.next(bytes, number, matches)) await this.#show(shown, name, text);
        if (number % 64 === 0) await this.process.step();
        if (matched >= most) return matched;
      }
      await this.#output.flush();
    }
    return matched;
  }

  async #show(shown: Shown, name: string, text: string): Promise<void> {
    if (shown === 'gap') return this.#output.write('--\n');
    const mark = shown.matches ? ':' : '-';
    const prefix = `${this.#named ? `${latin1(name)}${mark}` : ''}${this.line.has('n') ? `${shown.number}${mark}` : ''}`;
    if (!this.line.has('o')) return this.#output.write(`${prefix}${shown.bytes}\n`);
    if (!shown.matches || this.line.has('v')) return;
    const matcher = this.expression.matcher(text);
    while (matcher.find()) {
      const part = matcher.group() ?? '';
      if (part !== '') await this.#output.write(`${prefix}${latin1(part)}\n`);
    }
  }
}

type Shown = 'gap' | { readonly bytes: string; readonly number: number; readonly matches: boolean };

/** Lines around those that match. */
class Context {
  #held: { readonly bytes: string; readonly number: number }[] = [];
  #left = 0;
  #lastShown = 0;

  constructor(
    private readonly before: number,
    private readonly after: number,
  ) {}

  next(bytes: string, number: number, matches: boolean): readonly Shown[] {
    if (!matches && this.#left > 0) {
      this.#left--;
      this.#lastShown = number;
      return [{ bytes, number, matches }];
    }
    if (!matches) {
      if (this.before > 0) this.#held = [...this.#held, { bytes, number }].slice(-this.before);
      return [];
    }
    const held = this.#held.map((line) => ({ ...line, matches: false }));
    const first = held[0]?.number ?? number;
    const gap = this.before + this.after > 0 && this.#lastShown > 0 && first > this.#lastShown + 1;
    this.#held = [];
    this.#left = this.after;
    this.#lastShown = number;
    return [...(gap ? ['gap' as const] : []), ...held, { bytes, number, matches }];
  }
}
