/**
 * Standard base64 as Go reads it: line ends are skipped, padding is required, and an error names the first bad byte.
 */

export interface Base64Result {
  /** The text as Go would encode the same bytes; undefined when it can't be read. */
  readonly canonical?: string;
  /** Offset of the first byte that can't be right. */
  readonly corruptAt?: number;
}

const CLEAN = /^(?:[A-Za-z0-9+/]{4})*$/;

export function decodeBase64(text: string): Base64Result {
  if (CLEAN.test(text)) return { canonical: text };
  const corruptAt = findCorruption(Buffer.from(text, 'utf8'));
  if (corruptAt !== undefined) return { corruptAt };
  return { canonical: Buffer.from(text, 'base64').toString('base64') };
}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const PADDING = 0x3d;

function isAlphabet(byte: number): boolean {
  return (
    (byte >= 0x41 && byte <= 0x5a) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    (byte >= 0x30 && byte <= 0x39) ||
    byte === 0x2b ||
    byte === 0x2f
  );
}

function findCorruption(bytes: Uint8Array): number | undefined {
  let at = 0;
  let inGroup = 0;
  while (at < bytes.length) {
    const byte = bytes[at] ?? 0;
    if (byte === LINE_FEED || byte === CARRIAGE_RETURN) at++;
    else if (isAlphabet(byte)) {
      inGroup = (inGroup + 1) % 4;
      at++;
    } else return byte === PADDING ? checkPadding(bytes, at, inGroup) : at;
  }
  return inGroup === 0 ? undefined : at - inGroup;
}

/** After the first `=`: it must close a group of 2 or 3, and nothing may follow. */
function checkPadding(bytes: Uint8Array, first: number, inGroup: number): number | undefined {
  if (inGroup < 2) return first;
  let at = skipLineEnds(bytes, first + 1);
  if (inGroup === 2) {
    if (at === bytes.length) return bytes.length;
    if (bytes[at] !== PADDING) return at - 1;
    at = skipLineEnds(bytes, at + 1);
  }
  return at < bytes.length ? at : undefined;
}

function skipLineEnds(bytes: Uint8Array, from: number): number {
  let at = from;
  while (bytes[at] === LINE_FEED || bytes[at] === CARRIAGE_RETURN) at++;
  return at;
}
