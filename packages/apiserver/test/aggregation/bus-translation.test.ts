import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { decode, decodeAll, encode, MSGPACK } from '@regatta/bus';
import { describe, expect, it } from 'vitest';
import { asJson, asMsgpack, passEvents } from '../../src/aggregation/bus-translation.ts';
import { MAX_ANSWER } from '../../src/aggregation/extension-client.ts';
import { isStream } from '../../src/server/exchange.ts';

function answer(body: string | Uint8Array, type: string, statusCode = 200): IncomingMessage {
  const headers = { 'content-type': type, 'content-length': '99' };
  return Object.assign(Readable.from([Buffer.from(body)]), { statusCode, headers }) as unknown as IncomingMessage;
}

function sink() {
  const frames: Uint8Array[] = [];
  const signal = new AbortController().signal;
  const write = (bytes: Uint8Array): boolean => frames.push(bytes) > 0;
  return { frames, signal, write, drained: async () => {} };
}

describe('components and extension servers', () => {
  it('AGG-15: what components send becomes JSON, patches are it already', () => {
    const { headers, body } = asJson({ 'content-type': MSGPACK, accept: MSGPACK, host: 'h' }, encode({ a: [1] }));
    expect(headers).toEqual({ 'content-type': 'application/json', accept: 'application/json', host: 'h' });
    expect(Buffer.from(body).toString()).toBe('{"a":[1]}');
    const patch = Buffer.from('{"b":2}');
    expect(asJson({ 'content-type': 'application/merge-patch+json' }, patch)).toEqual({
      headers: { 'content-type': 'application/merge-patch+json', accept: 'application/json' },
      body: patch,
    });
    expect(asJson({ 'content-type': MSGPACK }, new Uint8Array())).toEqual({
      headers: { accept: 'application/json' },
      body: new Uint8Array(),
    });
  });

  it('AGG-15: answers become msgpack, words stay what they are', async () => {
    const packed = await asMsgpack(answer('{"kind":"Status"}', 'application/json', 404), false);
    if (isStream(packed)) throw new Error('a stream');
    expect(packed.code).toBe(404);
    expect(packed.headers).toEqual({ 'content-type': MSGPACK });
    expect(decode(Buffer.concat(packed.body))).toEqual({ kind: 'Status' });
    const text = await asMsgpack(answer('service unavailable\n', 'text/plain', 503), false);
    if (isStream(text)) throw new Error('a stream');
    expect(Buffer.concat(text.body).toString()).toBe('service unavailable\n');
    await expect(asMsgpack(answer('[', 'application/json'), false)).rejects.toThrow('what is no object');
    const large = answer(new Uint8Array(MAX_ANSWER + 1), 'application/json');
    await expect(asMsgpack(large, false)).rejects.toThrow('is larger than');
  });

  it('AGG-15: events of a watch become frames, wherever the pieces of an answer end', async () => {
    const lines = ['ADDED', 'DELETED'].map((type) => `${JSON.stringify({ type, object: { name: 'ä' } })}\n`).join('');
    for (const size of [1, 7, 1000]) {
      const bytes = Buffer.from(lines);
      const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
        bytes.subarray(i * size, (i + 1) * size),
      );
      const to = sink();
      await passEvents(Readable.from(pieces), to);
      expect([...decodeAll(Buffer.concat(to.frames))]).toEqual([
        ['ADDED', { name: 'ä' }],
        ['DELETED', { name: 'ä' }],
      ]);
    }
    await expect(passEvents(Readable.from([Buffer.alloc(MAX_ANSWER + 1, 'x')]), sink())).rejects.toThrow('is larger');
  });
});
