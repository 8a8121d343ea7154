import { type Duplex, duplexPair } from 'node:stream';
import { BoundedQueue } from '@regatta/runtime';
import { describe, expect, it } from 'vitest';
import type { BusStream } from '../src/connection.ts';
import { joinConnections, StreamDuplex } from '../src/mod.ts';

/** One end of a stream, with what the other end does in the test's hands. */
class FakeStream implements BusStream {
  readonly incoming = new BoundedQueue<Uint8Array>(100);
  readonly sent: string[] = [];
  readonly #over = new AbortController();
  ended = false;
  aborted = '';
  /** Resolves when there is credit. */
  credit: () => Promise<void> = async () => {};

  get frames(): AsyncIterable<Uint8Array> {
    return this.incoming;
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  async write(frame: Uint8Array): Promise<void> {
    await this.credit();
    this.sent.push(Buffer.from(frame).toString());
  }

  async end(): Promise<void> {
    this.ended = true;
  }

  abort(reason: string): void {
    this.aborted = reason;
    this.#over.abort();
  }
}

/** All that comes, leaving the other direction open. */
function text(duplex: Duplex): Promise<string> {
  return new Promise((resolve, reject) => {
    let all = '';
    duplex.on('data', (chunk: Buffer) => {
      all += chunk.toString();
    });
    duplex.once('end', () => resolve(all));
    duplex.once('error', reject);
  });
}

describe('streams of the bus as connections', () => {
  it('BUS-70: each direction ends by itself; a connection that has ended both ways is not aborted', async () => {
    const stream = new FakeStream();
    const duplex = new StreamDuplex(stream);
    duplex.end('up');
    await expect.poll(() => stream.ended).toBe(true);
    expect([stream.sent, stream.aborted]).toEqual([['up'], '']);
    stream.incoming.push(Buffer.from('down'));
    stream.incoming.end();
    expect(await text(duplex)).toBe('down');
    await expect.poll(() => duplex.destroyed).toBe(true);
    expect(stream.aborted).toBe('');
  });

  it('BUS-71: a writer waits for credit; a reader who does not read asks for nothing', async () => {
    const stream = new FakeStream();
    let give: () => void = () => {};
    stream.credit = () =>
      new Promise((resolve) => {
        give = resolve;
      });
    const duplex = new StreamDuplex(stream);
    expect(duplex.write(Buffer.alloc(1024 * 1024))).toBe(false);
    const drained = new Promise((resolve) => duplex.once('drain', resolve));
    expect(stream.sent).toEqual([]);
    give();
    await drained;
    for (let i = 0; i < 50; i++) stream.incoming.push(Buffer.alloc(64 * 1024));
    duplex.read(1);
    await expect.poll(() => duplex.readableLength).toBeGreaterThan(0);
    expect(stream.incoming.size).toBeGreaterThan(40);
    duplex.destroy();
  });

  it('BUS-72: a stream that fails breaks its connection, and a connection that is dropped aborts its stream', async () => {
    const failing = new FakeStream();
    const broken = new StreamDuplex(failing);
    failing.incoming.fail(new Error('lost'));
    await expect(text(broken)).rejects.toThrow('lost');
    const dropped = new FakeStream();
    new StreamDuplex(dropped).destroy();
    await expect.poll(() => dropped.aborted).toBe('the connection is closed');
  });

  it('BUS-73: of two connections that are joined ends and breaks pass on', async () => {
    const [near, one] = duplexPair();
    const [far, other] = duplexPair();
    const over = joinConnections(one, other);
    near.end('hello');
    expect(await text(far)).toBe('hello');
    far.end('back');
    expect(await text(near)).toBe('back');
    await over;
    const [, left] = duplexPair();
    const [, right] = duplexPair();
    const broken = joinConnections(left, right);
    left.destroy(new Error('reset'));
    await broken;
    expect(right.errored?.message).toBe('reset');
  });
});
