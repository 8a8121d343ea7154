/**
 * Lines typed at a terminal: runs the line editor on the shell's terminal in raw mode, one line at a time.
 */
import type { Shell } from '../execute/shell.ts';
import { Interrupted } from '../shell-error.ts';
import { completion } from './completion.ts';
import { LineEditor } from './line-editor.ts';

export class TerminalLines {
  /** Typed before it was asked for. */
  #early: Uint8Array = new Uint8Array(0);

  constructor(private readonly shell: Shell) {}

  /** The next line without its end; undefined at the end of input. @throws Interrupted */
  async read(prompt: string): Promise<string | undefined> {
    const { process } = this.shell;
    const { terminal } = process.fds.get(0);
    if (terminal === undefined) return undefined;
    const editor = new LineEditor({
      prompt,
      columns: terminal.size.columns,
      history: this.shell.history?.lines ?? [],
      complete: (text, cursor) => completion(this.shell, text, cursor),
    });
    const { mode } = terminal;
    terminal.setMode({ icanon: false, echo: false, isig: false, icrnl: false, ixon: false, iexten: false });
    process.onSignal('WINCH', () => process.write('stderr', editor.resize(terminal.size.columns)));
    try {
      await process.printError(editor.start());
      return await this.#edit(editor);
    } finally {
      process.onSignal('WINCH', 'default');
      terminal.setMode(mode);
    }
  }

  async #edit(editor: LineEditor): Promise<string | undefined> {
    const { process } = this.shell;
    for (;;) {
      const bytes = this.#early.length > 0 ? this.#early : await process.read(0);
      this.#early = new Uint8Array(0);
      if (bytes === undefined) return undefined;
      const { output, result } = editor.feed(bytes);
      if (output !== '') await process.printError(output);
      if (result === undefined) continue;
      this.#early = editor.pending;
      if (result.kind === 'interrupt') throw new Interrupted();
      return result.kind === 'line' ? result.text : undefined;
    }
  }
}
