/**
 * Lines of a full-screen view: pieces of text with a style, cut and filled to an exact number of columns. Colours come in
 * only where a line is written to a terminal; everything before works on plain text.
 */
import { clipped, inColumns, printable, textWidth } from '@regatta/runtime';

export type Style = 'good' | 'bad' | 'warn' | 'dim' | 'strong' | 'title' | 'selected' | 'accent';

export interface Span {
  readonly text: string;
  readonly style?: Style | undefined;
}

export type StyledLine = readonly Span[];

const CODES: Readonly<Record<Style, string>> = {
  good: '32',
  bad: '31',
  warn: '33',
  dim: '2',
  strong: '1',
  title: '1;36',
  selected: '7',
  accent: '36',
};

/** A piece of text that may come from others. */
export function span(text: string, style?: Style): Span {
  return { text: printable(text), style };
}

/** A piece of exactly so many columns. */
export function cell(text: string, columns: number, style?: Style): Span {
  return { text: inColumns(printable(text), columns), style };
}

export function widthOf(line: StyledLine): number {
  return line.reduce((sum, { text }) => sum + textWidth(text), 0);
}

/** The line in exactly so many columns. */
export function fitted(line: StyledLine, columns: number): StyledLine {
  const kept: Span[] = [];
  let left = columns;
  for (const { text, style } of line) {
    if (left === 0) break;
    const part = clipped(text, left);
    left -= textWidth(part);
    kept.push({ text: part, style });
  }
  return left > 0 ? [...kept, { text: ' '.repeat(left) }] : kept;
}

export function plain(line: StyledLine): string {
  return line.map(({ text }) => text).join('');
}

export function ansi(line: StyledLine): string {
  return line.map(({ text, style }) => (style === undefined ? text : `\x1b[${CODES[style]}m${text}\x1b[0m`)).join('');
}
