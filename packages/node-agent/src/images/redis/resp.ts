/**
 * Redis' wire protocol (RESP 2): commands in, replies out. A command that is too large ends its connection.
 */
export type Reply =
  | { readonly kind: 'status' | 'error' | 'text'; readonly value: string }
  | { readonly kind: 'integer'; readonly value: number }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'list'; readonly value: readonly Reply[] };

export const OK: Reply = { kind: 'status', value: 'OK' };
export const NOTHING: Reply = { kind: 'nothing' };

export function integer(value: number): Reply {
  return { kind: 'integer', value };
}

export function textReply(value: string | undefined): Reply {
  return value === undefined ? NOTHING : { kind: 'text', value };
}

export function list(values: readonly (string | undefined)[]): Reply {
  return { kind: 'list', value: values.map(textReply) };
}

export function failure(value: string): Reply {
  return { kind: 'error', value };
}

/** Texts are bytes: latin1. */
export function encodeReply(reply: Reply): string {
  if (reply.kind === 'nothing') return '$-1\r\n';
  if (reply.kind === 'status') return `+${reply.value}\r\n`;
  if (reply.kind === 'error') return `-${reply.value}\r\n`;
  if (reply.kind === 'integer') return `:${reply.value}\r\n`;
  if (reply.kind === 'list') return `*${reply.value.length}\r\n${reply.value.map(encodeReply).join('')}`;
  return `$${reply.value.length}\r\n${reply.value}\r\n`;
}

export function encodeCommand(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
}

/** Bytes that wait for the rest of a command. */
export const LONGEST_COMMAND = 8 * 1024 * 1024;
/** The same of a reply. */
export const LONGEST_REPLY = 32 * 1024 * 1024;
const MOST_WORDS = 100_000;

export class RespError extends Error {
  readonly code = 'resp';
}

/** Cuts what arrives into commands: arrays of strings, or words of a line. */
export class CommandReader {
  #rest = '';

  /** @throws RespError */
  read(chunk: Uint8Array): string[][] {
    this.#rest += Buffer.from(chunk).toString('latin1');
    const commands: string[][] = [];
    for (;;) {
      const found = this.#rest.startsWith('*') ? takeArray(this.#rest) : takeLine(this.#rest);
      if (found === undefined) break;
      this.#rest = this.#rest.slice(found.length);
      if (found.words.length > 0) commands.push(found.words);
    }
    if (this.#rest.length > LONGEST_COMMAND) throw new RespError('Protocol error: too big bulk count string');
    return commands;
  }
}

interface Taken {
  readonly words: string[];
  readonly length: number;
}

function takeLine(text: string): Taken | undefined {
  const end = text.indexOf('\n');
  if (end < 0) return undefined;
  return { words: text.slice(0, end).trim().split(/\s+/).filter(Boolean), length: end + 1 };
}

function takeArray(text: string): Taken | undefined {
  const head = text.indexOf('\r\n');
  if (head < 0) return undefined;
  const count = Number(text.slice(1, head));
  if (!Number.isInteger(count) || count > MOST_WORDS) throw new RespError('Protocol error: invalid multibulk length');
  const words: string[] = [];
  let at = head + 2;
  for (let i = 0; i < count; i++) {
    const end = text.indexOf('\r\n', at);
    if (end < 0) return undefined;
    if (text[at] !== '$') throw new RespError(`Protocol error: expected '$', got '${text[at]}'`);
    const length = Number(text.slice(at + 1, end));
    if (!(length >= 0 && length <= LONGEST_COMMAND)) throw new RespError('Protocol error: invalid bulk length');
    if (text.length < end + 4 + length) return undefined;
    words.push(text.slice(end + 2, end + 2 + length));
    at = end + 4 + length;
  }
  return { words, length: at };
}

/** Cuts what arrives into replies. */
export class ReplyReader {
  #rest = '';

  /** @throws RespError */
  read(chunk: Uint8Array): Reply[] {
    this.#rest += Buffer.from(chunk).toString('latin1');
    if (this.#rest.length > LONGEST_REPLY) throw new RespError('Protocol error: reply too long');
    const replies: Reply[] = [];
    for (let found = takeReply(this.#rest, 0); found !== undefined; found = takeReply(this.#rest, 0)) {
      this.#rest = this.#rest.slice(found.end);
      replies.push(found.reply);
    }
    return replies;
  }
}

function takeReply(text: string, at: number): { readonly reply: Reply; readonly end: number } | undefined {
  const end = text.indexOf('\r\n', at);
  if (end < 0) return undefined;
  const [mark, value, next] = [text[at], text.slice(at + 1, end), end + 2];
  if (mark === '+') return { reply: { kind: 'status', value }, end: next };
  if (mark === '-') return { reply: failure(value), end: next };
  if (mark === ':') return { reply: integer(Number(value)), end: next };
  const length = Number(value);
  if (mark === '$') {
    if (length < 0) return { reply: NOTHING, end: next };
    if (text.length < next + length + 2) return undefined;
    return { reply: textReply(text.slice(next, next + length)), end: next + length + 2 };
  }
  const replies: Reply[] = [];
  let position = next;
  for (let i = 0; i < length; i++) {
    const found = takeReply(text, position);
    if (found === undefined) return undefined;
    replies.push(found.reply);
    position = found.end;
  }
  return { reply: { kind: 'list', value: replies }, end: position };
}
