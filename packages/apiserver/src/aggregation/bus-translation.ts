/**
 * Requests of components, which speak msgpack on the bus, to extension servers, which speak JSON: translated on their way,
 * and so is what comes back, object by object where it is a watch.
 *
 * Invariant: an answer, and one event of a watch, is at most MAX_ANSWER bytes.
 */
import type { IncomingMessage } from 'node:http';
import { statusErrors } from '@regatta/api';
import { decode, encode, MSGPACK } from '@regatta/bus';
import { returnedHeaders } from '../connect/proxy/proxy-headers.ts';
import type { ServerRequest, ServerResponse, StreamSink } from '../server/exchange.ts';
import { MAX_ANSWER } from './extension-client.ts';
import type { Headers } from './remote-user.ts';

const JSON_TYPE = 'application/json';
const NEWLINE = 0x0a;

export function isFromBus({ credentials }: ServerRequest): boolean {
  return credentials.busUser !== undefined;
}

/** What an extension server understands. Patches are JSON on the bus, too. */
export function asJson(headers: Headers, body: Uint8Array): { readonly headers: Headers; readonly body: Uint8Array } {
  const { 'content-type': type, ...rest } = headers;
  const isPacked = type === MSGPACK;
  const isEmpty = body.length === 0;
  return {
    headers: {
      ...rest,
      accept: JSON_TYPE,
      ...(isEmpty || type === undefined ? {} : { 'content-type': isPacked ? JSON_TYPE : type }),
    },
    body: isPacked && !isEmpty ? Buffer.from(JSON.stringify(decode(body))) : body,
  };
}

/** @throws StatusError 500 for an answer that is too large or no JSON */
export async function asMsgpack(message: IncomingMessage, isWatch: boolean): Promise<ServerResponse> {
  const code = message.statusCode ?? 502;
  const { 'content-length': _length, ...headers } = returnedHeaders(message.headers);
  if (!(message.headers['content-type'] ?? '').startsWith(JSON_TYPE)) {
    return { code, headers, body: [await whole(message)] };
  }
  const packed = { ...headers, 'content-type': MSGPACK };
  if (isWatch && code === 200) return { code, headers: packed, stream: (sink) => passEvents(message, sink) };
  return { code, headers: packed, body: [encode(parsed((await whole(message)).toString()))] };
}

async function whole(message: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of message) {
    size += chunk.length;
    if (size > MAX_ANSWER) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** One event a line. */
export async function passEvents(message: AsyncIterable<Uint8Array>, sink: StreamSink): Promise<void> {
  let rest = Buffer.alloc(0);
  for await (const chunk of message) {
    rest = Buffer.concat([rest, chunk]);
    let from = 0;
    for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE, from)) {
      const line = rest.toString('utf8', from, end).trim();
      from = end + 1;
      if (line === '') continue;
      if (sink.signal.aborted) return;
      const { type, object } = parsed(line);
      if (!sink.write(encode([type, object]))) await sink.drained();
    }
    rest = rest.subarray(from);
    if (rest.length > MAX_ANSWER) throw tooLarge();
  }
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // told below
  }
  throw statusErrors.internal('an extension server answered with what is no object');
}

function tooLarge(): Error {
  return statusErrors.internal(`the answer of an extension server is larger than ${MAX_ANSWER} bytes`);
}
