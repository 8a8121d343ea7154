/**
 * Text that somebody else chose, made safe to show: on a terminal it neither moves the cursor nor changes colours, order or
 * lines, and takes as many columns as is said here.
 *
 * Invariants: what comes out holds no control characters (C0, DEL, C1), no bidirectional controls, no line or paragraph
 * separators, no lone surrogates and nothing invisible; at most MOST_MARKS combining marks follow each other.
 */

/** Combining marks on one letter; more would run into other lines. */
const MOST_MARKS = 2;
const REPLACEMENT = '\uFFFD';
/** Controls, surrogates without their other half, private use, separators, formats: joiners of emoji among them. */
const UNSAFE = /[\p{Cc}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Cf}]/gu;
const PILED_MARKS = new RegExp(`(\\p{M}{${MOST_MARKS}})\\p{M}+`, 'gu');
/** Spaces of other widths, and the Braille and Hangul blanks. */
const ODD_SPACES = /[\p{Zs}\u2800\u3164\uFFA0\u115F\u1160]/gu;
const PLAIN = /^[\x20-\x7e]*$/;

/** The text, with what is unsafe shown as a replacement character; line breaks and tabs as a space. */
export function printable(text: string): string {
  if (PLAIN.test(text)) return text;
  return text
    .replace(/[\r\n\t]+/g, ' ')
    .replace(ODD_SPACES, ' ')
    .replace(UNSAFE, REPLACEMENT)
    .replace(PILED_MARKS, '$1');
}

/** Columns that a printable text takes on a terminal. */
export function textWidth(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/** At most so many columns of a printable text; where something is left out stands an ellipsis. */
export function clipped(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text;
  let width = 0;
  let kept = '';
  for (const character of text) {
    width += characterWidth(character);
    if (width > columns - 1) break;
    kept += character;
  }
  return columns > 0 ? `${kept}…` : '';
}

/** Clipped, and filled with spaces, to exactly so many columns. */
export function inColumns(text: string, columns: number): string {
  const fitting = clipped(text, columns);
  return fitting + ' '.repeat(Math.max(0, columns - textWidth(fitting)));
}

const MARK = /^\p{M}$/u;
/** First and last code points of what takes two columns (Unicode's East Asian Width W and F, and emoji). */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x231a, 0x231b],
  [0x2329, 0x232a],
  [0x23e9, 0x23f3],
  [0x25fd, 0x25fe],
  [0x2614, 0x2615],
  [0x2648, 0x2653],
  [0x26a1, 0x26a1],
  [0x26c4, 0x26ce],
  [0x2705, 0x2705],
  [0x270a, 0x270b],
  [0x2728, 0x2728],
  [0x274c, 0x274e],
  [0x2753, 0x2757],
  [0x2795, 0x2797],
  [0x2b1b, 0x2b1c],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x1b2ff],
  [0x1f004, 0x1f004],
  [0x1f0cf, 0x1f0cf],
  [0x1f18e, 0x1f19a],
  [0x1f1e6, 0x1f320],
  [0x1f32d, 0x1faff],
  [0x20000, 0x3fffd],
];

function characterWidth(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x300) return 1;
  if (MARK.test(character)) return 0;
  return WIDE.some(([first, last]) => code >= first && code <= last) ? 2 : 1;
}
