/**
 * The terminal, injected: commands never touch process.stdout themselves.
 */
import { styleText } from 'node:util';
import { processTerminal, type TerminalPort } from './live/terminal-port.ts';

export interface Io {
  /** Writes a line to standard output. */
  print(line?: string): void;
  /** Writes a line to standard error. */
  warn(line: string): void;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** For views that fill the screen; undefined where there is none. */
  readonly terminal?: TerminalPort | undefined;
  style(kind: 'good' | 'bad' | 'dim' | 'strong', text: string): string;
}

const STYLES = { good: 'green', bad: 'red', dim: 'dim', strong: 'bold' } as const;

export function terminalIo(): Io {
  const colour = process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined;
  return {
    print: (line = '') => void process.stdout.write(`${line}\n`),
    warn: (line) => void process.stderr.write(`${line}\n`),
    env: process.env,
    cwd: process.cwd(),
    terminal: processTerminal(process.stdin, process.stdout),
    style: (kind, text) => (colour ? styleText(STYLES[kind], text) : text),
  };
}
