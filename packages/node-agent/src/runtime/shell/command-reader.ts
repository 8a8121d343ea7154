/**
 * Reads a shell's commands line by line: from a terminal with prompts, or from any other input. A command may take
 * several lines.
 */
import { defaultPrompt, promptText } from './editor/prompt.ts';
import { TerminalLines } from './editor/terminal-lines.ts';
import { readLine } from './execute/line-reader.ts';
import type { Shell } from './execute/shell.ts';
import type { List } from './syntax/ast.ts';
import { IncompleteInput } from './syntax/cursor.ts';
import { Parser } from './syntax/parser.ts';

/** Text of one command; more is no script. */
const LONGEST_COMMAND = 4 * 1024 * 1024;

/** The next line with its end; undefined at the end of input. */
type NextLine = (continues: boolean) => Promise<string | undefined>;

export class CommandReader {
  #text = '';
  #line = 1;
  #ended = false;

  constructor(
    private readonly shell: Shell,
    private readonly nextLine: NextLine,
  ) {}

  /** The next complete command; undefined at the end. @throws ShellSyntaxError */
  async next(): Promise<List | undefined> {
    let wanted = 1;
    for (;;) {
      const list = this.#parse();
      if (list !== 'incomplete') return list;
      await this.#read(wanted);
      // A long command is not parsed again for each of its lines.
      wanted = this.shell.interactive ? 1 : Math.min(wanted * 2, 1024);
    }
  }

  /** What was read of the present command. */
  get text(): string {
    return this.#text;
  }

  /** Forgets what was read of a command: it was wrong, or given up. */
  reset(): void {
    this.#text = '';
    this.#ended = false;
  }

  #parse(): List | undefined | 'incomplete' {
    if (this.#text === '' && !this.#ended) return 'incomplete';
    const parser = new Parser(this.#text, {
      dialect: this.shell.dialect,
      firstLine: this.#line,
      final: this.#ended,
      aliases: this.shell.state.aliases,
    });
    try {
      const list = parser.command();
      // A line that goes on in a here-document or after a backslash has been read to its end.
      const taken = this.#text.length - parser.left;
      this.#line += this.#text.slice(0, taken).split('\n').length - 1;
      this.#text = this.#text.slice(taken);
      return list;
    } catch (error) {
      if (error instanceof IncompleteInput) return 'incomplete';
      throw error;
    }
  }

  async #read(lines: number): Promise<void> {
    for (let i = 0; i < lines && !this.#ended; i++) {
      const line = await this.nextLine(this.#text !== '');
      if (line === undefined || this.#text.length > LONGEST_COMMAND) this.#ended = true;
      else this.#text += line;
    }
  }
}

/** Commands from descriptor 0. */
export function inputCommands(shell: Shell): CommandReader {
  return new CommandReader(shell, async () => {
    const { bytes, complete } = await readLine(shell.process, 0);
    if (!complete && bytes.length === 0) return undefined;
    const line = `${new TextDecoder().decode(bytes)}\n`;
    if (shell.state.options.has('verbose')) await shell.process.printError(line);
    return line;
  });
}

/** Commands typed at a terminal. */
export function terminalCommands(shell: Shell): CommandReader {
  const lines = new TerminalLines(shell);
  return new CommandReader(shell, async (continues) => {
    const name = continues ? 'PS2' : 'PS1';
    const text = shell.state.variables.get(name) ?? (continues ? '> ' : defaultPrompt(shell));
    const line = await lines.read(await shell.promptExpansion(promptText(shell, text)));
    if (line === undefined) return undefined;
    await shell.remember(line);
    return `${line}\n`;
  });
}
