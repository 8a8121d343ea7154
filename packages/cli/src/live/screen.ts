/**
 * The alternate screen: frames are drawn line by line, only where they differ from what is there.
 *
 * Invariant: whoever opened it gets the terminal back as it was, also when the process is told to end in the middle.
 */
import { ansi, fitted, type StyledLine } from './styled-line.ts';
import type { TerminalPort } from './terminal-port.ts';

const ENTER = '\x1b[?1049h\x1b[?25l\x1b[2J';
const LEAVE = '\x1b[0m\x1b[?25h\x1b[?1049l';
/** Terminals that know it show a frame at once. */
const [BEGIN_FRAME, END_FRAME] = ['\x1b[?2026h', '\x1b[?2026l'];

export class Screen {
  readonly #terminal: TerminalPort;
  #shown: string[] = [];
  #size = '';
  #open = false;

  constructor(terminal: TerminalPort) {
    this.#terminal = terminal;
  }

  enter(): void {
    this.#open = true;
    this.#terminal.raw(true);
    this.#terminal.write(ENTER);
  }

  /** May be called any number of times. */
  leave(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#terminal.write(LEAVE);
    this.#terminal.raw(false);
  }

  /** Shows a frame: a line for each row of the terminal. */
  draw(lines: readonly StyledLine[]): void {
    if (!this.#open) return;
    const { columns, rows } = this.#terminal;
    const size = `${columns}x${rows}`;
    let text = '';
    if (size !== this.#size) {
      this.#size = size;
      this.#shown = [];
      text += '\x1b[2J';
    }
    for (let row = 0; row < rows; row++) {
      const line = ansi(fitted(lines[row] ?? [], columns));
      if (line === this.#shown[row]) continue;
      this.#shown[row] = line;
      text += `\x1b[${row + 1};1H${line}`;
    }
    if (text !== '') this.#terminal.write(BEGIN_FRAME + text + END_FRAME);
  }
}
