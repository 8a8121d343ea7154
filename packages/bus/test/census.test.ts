/**
 * What only the census of a heartbeat shows: losses after which nothing else would come.
 */
import { seededRandom, yieldToEventLoop } from '@regatta/runtime';
import { describe, expect, it } from 'vitest';
import { CENSUS_ENTRIES, readCensus } from '../src/link/census.ts';
import { decodeFrame, type Frame, FrameType } from '../src/link/frame.ts';
import { MOST_CALLERS, SeenRequests } from '../src/link/seen-requests.ts';
import type { WireMessage } from '../src/link/wire.ts';
import { API_SERVICE, type BusStream } from '../src/mod.ts';
import { Hub } from './hub.ts';

const bytes = (value: string): Uint8Array => Buffer.from(value);

async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await yieldToEventLoop();
}

function pair() {
  const hub = new Hub();
  const api = hub.link('system:apiserver');
  const node = hub.link('system:node:n');
  const accepted: BusStream[] = [];
  let calls = 0;
  api.link.serve(API_SERVICE, async (call) => {
    calls++;
    if (Buffer.from(call.request).toString() === 'stream') accepted.push(await call.accept(bytes('')));
    else await call.reply(call.request);
  });
  return { hub, api, node, accepted, calls: () => calls };
}

function reading(stream: BusStream) {
  const frames: string[] = [];
  const error = (async () => {
    for await (const frame of stream.frames) frames.push(Buffer.from(frame).toString());
  })().catch((e: unknown) => e);
  return { frames, error };
}

/** Loses what the function says, once each. */
function lose(hub: Hub, lost: (frame: Frame, message: WireMessage) => boolean): void {
  hub.passes = (message) => {
    const frame = decodeFrame(message.data);
    return !frame || !lost(frame, message);
  };
}

describe('losses that nothing else shows', () => {
  it('BUS-44: a stream whose last frame was lost fails at the next heartbeat, though nothing more is sent', async () => {
    const { hub, node, accepted } = pair();
    const { stream } = await node.link.open(API_SERVICE, bytes('stream'));
    const { frames, error } = reading(stream);
    await accepted[0]?.write(bytes('one'));
    await settle();
    lose(hub, ({ type }) => type === FrameType.data);
    await accepted[0]?.write(bytes('two'));
    await settle();
    hub.passes = () => true;
    await hub.clock.advance(2100);
    expect(await error).toMatchObject({ code: 'lost-frame' });
    expect(frames).toEqual(['one']);
    await settle();
    expect(accepted[0]?.signal.aborted).toBe(true);
  });

  it('BUS-44: a stream whose end or abort was lost is over at the next heartbeat', async () => {
    for (const close of [(stream?: BusStream) => stream?.abort('enough'), (stream?: BusStream) => stream?.end()]) {
      const { hub, node, accepted } = pair();
      const { stream } = await node.link.open(API_SERVICE, bytes('stream'));
      // Another stream of the same pair keeps both sides alive to each other.
      const other = await node.link.open(API_SERVICE, bytes('stream'));
      const { error } = reading(stream);
      await settle();
      lose(hub, ({ type }) => type === FrameType.abort || type === FrameType.end);
      await close(accepted[0]);
      await settle();
      hub.passes = () => true;
      await hub.clock.advance(20_000);
      expect(await error).toMatchObject({ name: 'BusError' });
      expect(other.stream.signal.aborted).toBe(false);
    }
  });

  it('BUS-44: a credit that was lost is given again', async () => {
    const { hub, node, accepted } = pair();
    const { stream } = await node.link.open(API_SERVICE, bytes('stream'));
    const { frames } = reading(stream);
    lose(hub, ({ type }) => type === FrameType.credit);
    const writing = (async () => {
      for (let i = 0; i < 20; i++) await accepted[0]?.write(Buffer.alloc(100_000, 'x'));
    })();
    await settle();
    expect(frames.length).toBeLessThan(20);
    for (let i = 0; i < 5; i++) await hub.clock.advance(2000);
    await writing;
    await settle();
    expect(frames.length).toBe(20);
  });

  it('BUS-44: whoever was given up while it was frozen learns it, though it talks to the same peer again', async () => {
    const { hub, node, accepted } = pair();
    const { stream } = await node.link.open(API_SERVICE, bytes('stream'));
    const { error } = reading(stream);
    await settle();
    node.wire.frozen = true;
    // The node's own timers stand still, as they do in a stopped process: only the apiserver looks.
    accepted[0]?.abort('the other side is silent');
    await settle();
    node.wire.frozen = false;
    for (let i = 0; i < 4; i++) {
      await node.link.call(API_SERVICE, bytes('lease'));
      await hub.clock.advance(1000);
    }
    expect(await error).toMatchObject({ code: 'aborted', message: 'the other side has given up' });
  });

  it('BUS-45: frames that come twice are taken once, and a request that comes twice is executed once', async () => {
    const { hub, node, accepted, calls } = pair();
    hub.copies = 2;
    expect(Buffer.from(await node.link.call(API_SERVICE, bytes('x'))).toString()).toBe('x');
    expect(calls()).toBe(1);
    const { stream } = await node.link.open(API_SERVICE, bytes('stream'));
    expect(calls()).toBe(2);
    const { frames, error } = reading(stream);
    for (const word of ['one', 'two', 'three']) await accepted[0]?.write(bytes(word));
    await settle();
    await hub.clock.advance(10_000);
    expect(stream.signal.aborted).toBe(false);
    await accepted[0]?.end();
    await settle();
    expect(frames).toEqual(['one', 'two', 'three']);
    expect(await error).toBeUndefined();
  });

  it('BUS-45: requests of one connection are known by their last number, across the wrap; callers are bounded', () => {
    const seen = new SeenRequests();
    for (const number of [1, 5, 9]) expect(seen.isNew('a', number)).toBe(true);
    expect(seen.isNew('a', 9)).toBe(false);
    expect(seen.isNew('a', 5)).toBe(false);
    expect(seen.isNew('b', 5)).toBe(true);
    expect(seen.isNew('c', 0xffffffff)).toBe(true);
    expect(seen.isNew('c', 1)).toBe(true);
    expect(seen.isNew('c', 0xffffffff)).toBe(false);
    for (let i = 0; i < MOST_CALLERS + 10; i++) seen.isNew(`caller ${i}`, 1);
    expect(seen.size).toBe(MOST_CALLERS);
  });

  it('BUS-40: any bytes may come as a census (seed 3)', () => {
    const random = seededRandom(3);
    for (let i = 0; i < 200; i++) {
      const garbage = Buffer.from(Array.from({ length: Math.floor(random.next() * 100) }, () => random.next() * 256));
      expect([...readCensus(garbage)].length).toBe(Math.floor(garbage.length / 16));
    }
    expect([...readCensus(Buffer.alloc(16 * (CENSUS_ENTRIES + 5)))].length).toBe(CENSUS_ENTRIES);
  });
});
