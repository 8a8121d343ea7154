/**
 * JSON as upstream's strict decoder reads it (sigs.k8s.io/json): duplicate keys are found, syntax errors are Go's, nesting
 * is bounded, numbers that JavaScript would change keep their text.
 *
 * One pass over the bytes tells whether JSON.parse gives the whole truth, which it does for ordinary bodies; the positional
 * parser does the rest.
 */
import { ExactNumber } from './exact-number.ts';
import { JsonSyntaxError } from './json-syntax-error.ts';
import { parsePositional } from './positional-parser.ts';

export interface ParsedJson {
  readonly value: unknown;
  /** `duplicate field "data.a"`, each once, in the order found. The last value is the one that counts. */
  readonly duplicates: readonly string[];
}

/**
 * Upstream stops at 10,000 levels. JSON.stringify of this engine runs out of stack below 5,000, and nothing that is let in
 * may be impossible to answer, so the limit here is lower (docs/decisions/0011-json-depth.md). The message is upstream's.
 */
export const MAX_JSON_DEPTH = 1000;

const NO_DUPLICATES: readonly string[] = [];
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** @throws JsonSyntaxError with Go's message */
export function parseJson(bytes: Uint8Array): ParsedJson {
  const text =
    bytes.length < 4096
      ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8')
      : utf8.decode(bytes);
  const survey = surveyJson(bytes);
  if (survey.depth > MAX_JSON_DEPTH) throw new JsonSyntaxError('exceeded max depth');
  if (survey.exactNumbers) return parsePositional(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return parsePositional(text);
  }
  return countKeys(value) === survey.keys ? { value, duplicates: NO_DUPLICATES } : parsePositional(text);
}

interface Survey {
  /** Object keys in the text. */
  keys: number;
  depth: number;
  /** There are numbers whose text matters. */
  exactNumbers: boolean;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Reads well-formed JSON right; of anything else it only must not claim too little. */
function surveyJson(bytes: Uint8Array): Survey {
  const survey: Survey = { keys: 0, depth: 0, exactNumbers: false };
  let depth = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte === QUOTE) i = endOfString(bytes, i + 1);
    else if (byte === 0x3a) survey.keys++;
    else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > survey.depth) survey.depth = depth;
    } else if (byte === 0x7d || byte === 0x5d) depth--;
    else if (byte !== undefined && byte >= 0x30 && byte <= 0x39) {
      const end = endOfNumber(bytes, i);
      if (end < 0) survey.exactNumbers = true;
      i = Math.abs(end) - 1;
    }
  }
  return survey;
}

/** Index of the closing quote. */
function endOfString(bytes: Uint8Array, from: number): number {
  let i = from;
  while (i < bytes.length && bytes[i] !== QUOTE) i += bytes[i] === BACKSLASH ? 2 : 1;
  return i;
}

/** Index after the number; negative when its text matters: fraction, exponent or more than 15 digits. */
function endOfNumber(bytes: Uint8Array, from: number): number {
  let i = from;
  let plain = true;
  for (; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    if (byte >= 0x30 && byte <= 0x39) continue;
    if (byte !== 0x2e && byte !== 0x65 && byte !== 0x45 && byte !== 0x2b && byte !== 0x2d) break;
    plain = false;
  }
  return plain && i - from <= 15 ? i : -i;
}

/** Keys of all objects; iterative, because depth is the sender's choice. */
function countKeys(root: unknown): number {
  let count = 0;
  const pending: unknown[] = [root];
  while (pending.length > 0) {
    const value = pending.pop();
    if (typeof value !== 'object' || value === null || value instanceof ExactNumber) continue;
    if (Array.isArray(value)) {
      for (const item of value) if (typeof item === 'object') pending.push(item);
      continue;
    }
    for (const key in value) {
      count++;
      const item = (value as Record<string, unknown>)[key];
      if (typeof item === 'object') pending.push(item);
    }
  }
  return count;
}
