/**
 * The terminal, injected: commands never touch process.stdout themselves.
 */
import { styleText } from 'node:util';

export interface Io {
  /** Writes a line to standard output. */
  print(line?: string): void;
  /** Writes a line to standard error. */
  warn(line: string): void;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
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
    style: (kind, text) => (colour ? styleText(STYLES[kind], text) : text),
  };
}
