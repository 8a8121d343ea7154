/**
 * Text between `$'` and `'`, with C's escapes.
 */
const SIMPLE: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  e: '\x1b',
  E: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '?': '?',
};

/** Reads from after the opening quote; `end` is the closing one's place, undefined when there is none. */
export function ansiQuoted(source: string, from: number): { value: string; end: number | undefined } {
  let value = '';
  let at = from;
  while (at < source.length) {
    const char = source.charAt(at);
    if (char === "'") return { value, end: at };
    if (char !== '\\') {
      value += char;
      at++;
      continue;
    }
    const escaped = ansiEscape(source, at + 1);
    value += escaped.value;
    at = escaped.next;
  }
  return { value, end: undefined };
}

function ansiEscape(source: string, at: number): { value: string; next: number } {
  const char = source.charAt(at);
  const simple = SIMPLE[char];
  if (simple !== undefined) return { value: simple, next: at + 1 };
  const code = /^(?:([0-7]{1,3})|x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8}))/.exec(
    source.slice(at, at + 9),
  );
  if (code !== null) {
    const number = code[1] === undefined ? Number.parseInt(code[2] ?? code[3] ?? code[4] ?? '', 16) : octal(code[1]);
    return { value: number <= 0x10ffff ? String.fromCodePoint(number) : '\ufffd', next: at + code[0].length };
  }
  if (char === 'c') return { value: String.fromCharCode(source.charCodeAt(at + 1) & 31), next: at + 2 };
  return { value: `\\${char}`, next: at + 1 };
}

function octal(digits: string): number {
  return Number.parseInt(digits, 8) & 255;
}
