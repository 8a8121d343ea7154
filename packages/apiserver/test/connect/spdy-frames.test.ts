import { duplexPair } from 'node:stream';
import { SystemClock, seededRandom } from '@regatta/runtime';
import { describe, expect, it } from 'vitest';
import {
  controlFrame,
  dataFrame,
  FrameReader,
  FrameType,
  type IncomingFrame,
  words,
} from '../../src/connect/spdy/frame.ts';
import { HeaderReader, HeaderWriter } from '../../src/connect/spdy/header-block.ts';
import { SpdyConnection } from '../../src/connect/spdy/spdy-connection.ts';
import type { SpdyStream } from '../../src/connect/spdy/spdy-stream.ts';
import { SpdyClient } from './spdy-client.ts';

const PLAIN = { streamtype: 'error', port: '80', requestid: '0' };

describe('SPDY frames', () => {
  it('CN-30: frames come whole out of any pieces (seeded)', () => {
    const random = seededRandom(11);
    const sent = [
      dataFrame(1, Buffer.from('hello')),
      controlFrame(FrameType.ping, words(9)),
      dataFrame(3, Buffer.alloc(70_000, 'y'), true),
      controlFrame(FrameType.rstStream, words(1, 5)),
      dataFrame(5, Buffer.alloc(0), true),
    ];
    const bytes = Buffer.concat(sent);
    const reader = new FrameReader();
    const got: IncomingFrame[] = [];
    for (let at = 0; at < bytes.length; ) {
      const size = 1 + Math.floor(random.next() * 3000);
      got.push(...reader.read(bytes.subarray(at, at + size)));
      at += size;
    }
    const dataOf = (id: number): Buffer =>
      Buffer.concat(got.flatMap((frame) => (frame.kind === 'data' && frame.streamId === id ? [frame.bytes] : [])));
    expect(dataOf(1).toString()).toBe('hello');
    expect(dataOf(3).equals(Buffer.alloc(70_000, 'y'))).toBe(true);
    expect(got.filter((frame) => frame.kind === 'data' && frame.fin)).toHaveLength(2);
    expect(got.flatMap((frame) => (frame.kind === 'control' ? [frame.type] : []))).toEqual([6, 3]);
  });

  it('CN-31: another version, a control frame beyond 64 KiB and headers that are no zlib end the connection', async () => {
    const read = (bytes: Buffer): IncomingFrame[] => [...new FrameReader().read(bytes)];
    expect(() => read(Buffer.from([0x80, 0x02, 0, 1, 0, 0, 0, 0]))).toThrow('version 2');
    expect(() => read(Buffer.from([0x80, 0x03, 0, 1, 0, 0xff, 0xff, 0xff]))).toThrow('65536');
    await expect(new HeaderReader().read(Buffer.from('not zlib'))).rejects.toThrow('zlib');
  });

  it('CN-32: headers pass, block after block, also when they are packed against memory', async () => {
    const writer = new HeaderWriter();
    const reader = new HeaderReader();
    for (let i = 0; i < 3; i++) {
      const headers = new Map(Object.entries({ ...PLAIN, requestid: String(i) }));
      expect(await reader.read(await writer.write(headers))).toEqual(headers);
    }
    const bomb = await writer.write(new Map([['x', 'a'.repeat(10_000_000)]]));
    expect(bomb.length).toBeLessThan(64 * 1024);
    await expect(reader.read(bomb)).rejects.toThrow('larger');
  });

  it('CN-33: what is unread of a connection is bounded; its reader gets all of it', async () => {
    const [near, far] = duplexPair();
    const opened: SpdyStream[] = [];
    const connection = new SpdyConnection(near, {
      clock: new SystemClock(),
      pingPeriod: 1000,
      unread: 100_000,
      accepts: () => true,
      onStream: (stream) => void opened.push(stream),
    });
    void connection.run();
    const client = new SpdyClient(far);
    const stream = await client.open(PLAIN);
    expect(await stream.accepted).toBe(true);
    const piece = Buffer.alloc(10_000, 'z');
    const sent = (async () => {
      for (let i = 0; i < 200; i++) await stream.write(piece);
      stream.end();
    })();
    await expect.poll(() => opened[0]?.unread ?? 0).toBeGreaterThan(100_000);
    for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(opened[0]?.unread).toBeLessThan(100_000 + 2 * 70_000);
    let received = 0;
    for await (const bytes of opened[0]?.input ?? []) received += bytes.length;
    await sent;
    expect(received).toBe(2_000_000);
    client.close();
  });

  it('CN-34: a reset stream, and streams of a connection that is gone, end', async () => {
    const [near, far] = duplexPair();
    const opened: SpdyStream[] = [];
    const connection = new SpdyConnection(near, {
      clock: new SystemClock(),
      pingPeriod: 1000,
      accepts: () => true,
      onStream: (stream) => void opened.push(stream),
    });
    const over = connection.run();
    const client = new SpdyClient(far);
    const first = await client.open(PLAIN);
    await first.accepted;
    first.reset();
    await expect.poll(() => opened[0]?.signal.aborted).toBe(true);
    await (await client.open({ ...PLAIN, requestid: '1' })).accepted;
    far.end();
    await over;
    expect(opened[1]?.signal.aborted).toBe(true);
    await opened[1]?.write(Buffer.from('nobody is there'));
  });
});
