import { seededRandom, yieldToEventLoop } from '@regatta/runtime';
import { describe, expect, it } from 'vitest';
import type { BusLink } from '../src/link/bus-link.ts';
import { decodeFrame, encodeFrame, FrameType } from '../src/link/frame.ts';
import { API_SERVICE, type BusStream, type IncomingCall } from '../src/mod.ts';
import { Hub, type HubWire } from './hub.ts';

const bytes = (value: string): Uint8Array => Buffer.from(value);

interface Pair {
  readonly hub: Hub;
  readonly api: BusLink;
  readonly apiWire: HubWire;
  readonly node: BusLink;
  readonly nodeWire: HubWire;
  /** The server's ends of streams, as they were accepted. */
  readonly accepted: BusStream[];
}

function pair(): Pair {
  const hub = new Hub();
  const { link: api, wire: apiWire } = hub.link('system:apiserver');
  const { link: node, wire: nodeWire } = hub.link('system:node:n');
  const accepted: BusStream[] = [];
  api.serve(API_SERVICE, async (call) => {
    if (Buffer.from(call.request).toString() === 'stream') accepted.push(await call.accept(bytes('')));
  });
  return { hub, api, apiWire, node, nodeWire, accepted };
}

async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await yieldToEventLoop();
}

function reading(stream: BusStream): { readonly frames: string[]; readonly error: Promise<unknown> } {
  const frames: string[] = [];
  const error = (async () => {
    for await (const frame of stream.frames) frames.push(Buffer.from(frame).toString());
  })().catch((e: unknown) => e);
  return { frames, error };
}

describe('calls and streams', () => {
  it('BUS-30: a killed peer is noticed at the next heartbeat, and its streams are freed', async () => {
    const { hub, node, apiWire, accepted } = pair();
    const { stream } = await node.open(API_SERVICE, bytes('stream'));
    const { error } = reading(stream);
    await apiWire.close();
    await hub.clock.advance(4100);
    expect(await error).toMatchObject({ code: 'disconnected', message: 'the other side is gone' });
    expect(accepted).toHaveLength(1);
  });

  it('BUS-31: a frozen peer is given up after the silence limit; when it wakes it is told', async () => {
    const { hub, node, nodeWire, accepted } = pair();
    const { stream } = await node.open(API_SERVICE, bytes('stream'));
    const { error } = reading(stream);
    await settle();
    nodeWire.frozen = true;
    await hub.clock.advance(7000);
    expect(accepted[0]?.signal.aborted).toBe(false);
    await hub.clock.advance(4000);
    expect(accepted[0]?.signal.aborted).toBe(true);
    expect(await error).toMatchObject({ code: 'disconnected' });
  });

  it('BUS-32: an idle stream lives on, for heartbeats tell both sides that they live', async () => {
    const { hub, node, accepted } = pair();
    const { stream } = await node.open(API_SERVICE, bytes('stream'));
    const { frames } = reading(stream);
    await hub.clock.advance(120_000);
    expect(stream.signal.aborted).toBe(false);
    await accepted[0]?.write(bytes('late'));
    await settle();
    expect(frames).toEqual(['late']);
  });

  it('BUS-33: a lost frame is noticed: the stream fails instead of going on with a gap', async () => {
    const { hub, node, accepted } = pair();
    const { stream } = await node.open(API_SERVICE, bytes('stream'));
    const { frames, error } = reading(stream);
    await accepted[0]?.write(bytes('one'));
    await settle();
    hub.passes = (message) => decodeFrame(message.data)?.type !== FrameType.data;
    await accepted[0]?.write(bytes('two'));
    await settle();
    hub.passes = () => true;
    await accepted[0]?.write(bytes('three'));
    expect(await error).toMatchObject({ code: 'lost-frame' });
    expect(frames).toEqual(['one']);
    await settle();
    expect(accepted[0]?.signal.aborted).toBe(true);
  });

  it('BUS-34: a call whose server died before it showed itself fails long before its timeout', async () => {
    const { hub, node, apiWire } = pair();
    const call = node.call(API_SERVICE, bytes('never answered')).catch((error: unknown) => error);
    await settle();
    apiWire.frozen = true;
    await hub.clock.advance(9000);
    expect(await call).toMatchObject({ code: 'disconnected' });
  });

  it('BUS-35: a call that takes long is not given up while its server lives', async () => {
    const hub = new Hub();
    const { link: api } = hub.link('system:apiserver');
    const { link: node } = hub.link('system:node:n');
    api.serve(API_SERVICE, (call) => void hub.clock.setTimer(25_000, () => void call.reply(bytes('at last'))));
    const call = node.call(API_SERVICE, bytes('x'));
    await hub.clock.advance(26_000);
    expect(Buffer.from(await call).toString()).toBe('at last');
  });

  it('BUS-36: frames from anybody but the peer of a channel are ignored', async () => {
    const { hub, node, accepted } = pair();
    await node.open(API_SERVICE, bytes('stream'));
    await accepted[0]?.write(bytes('x'));
    const { link: evil, wire } = hub.link('system:node:evil');
    await evil.open(API_SERVICE, bytes('stream'));
    await accepted[1]?.write(bytes('x'));
    // What evil may publish to: the apiserver's inbox, as itself. It aborts every channel that may be there.
    const token = apiToken(hub);
    for (let id = 1; id < 20; id++)
      wire.publish(`in.system%3Aapiserver.system%3Anode%3Aevil.${token}.f`, encodeFrame(FrameType.abort, 0, id, 1, 0));
    await settle();
    expect(accepted[0]?.signal.aborted).toBe(false);
  });

  it('BUS-37: losing the broker fails all streams and calls, and takes a new inbox', async () => {
    const { hub, node, nodeWire, accepted } = pair();
    const { stream } = await node.open(API_SERVICE, bytes('stream'));
    const { error } = reading(stream);
    const call = node.call(API_SERVICE, bytes('never answered')).catch((e: unknown) => e);
    await settle();
    nodeWire.setConnected(false);
    expect(await error).toMatchObject({ code: 'disconnected' });
    expect(await call).toMatchObject({ code: 'disconnected' });
    const waiting = node.open(API_SERVICE, bytes('stream'));
    nodeWire.setConnected(true);
    const again = await waiting;
    expect(again.stream.signal.aborted).toBe(false);
    await hub.clock.advance(6100);
    expect(accepted.map(({ signal }) => signal.aborted)).toEqual([true, false]);
  });

  it('BUS-38: an answer that comes after its call was given up ends the stream at the server', async () => {
    const hub = new Hub();
    const { link: api } = hub.link('system:apiserver');
    const { link: node } = hub.link('system:node:n');
    let stream: BusStream | undefined;
    api.serve(API_SERVICE, (call) => {
      hub.clock.setTimer(100, () => void call.accept(bytes('')).then((accepted) => (stream = accepted)));
    });
    const call = node.open(API_SERVICE, bytes('stream'), { timeout: 50 }).catch((error: unknown) => error);
    await hub.clock.advance(60);
    expect(await call).toMatchObject({ code: 'timeout' });
    await hub.clock.advance(60);
    await settle();
    expect(stream?.signal.aborted).toBe(true);
  });

  it('BUS-58: a handler that fails fails its call, at once or later, and frees its place', async () => {
    const hub = new Hub();
    const { link: api } = hub.link('system:apiserver');
    const { link: node } = hub.link('system:node:n');
    const accepted: BusStream[] = [];
    const serve = async (call: IncomingCall): Promise<void> => {
      const request = Buffer.from(call.request).toString();
      if (request === 'stream') accepted.push(await call.accept(bytes('')));
      if (request !== 'fine') throw new Error('a defect');
      await call.reply(bytes('fine'));
    };
    const failing = (call: IncomingCall): unknown => {
      if (Buffer.from(call.request).toString() === 'at once') throw new Error('a defect');
      return serve(call);
    };
    api.serve(API_SERVICE, failing, { concurrency: 1 });
    for (const request of ['at once', 'later', 'at once', 'later'])
      await expect(node.call(API_SERVICE, bytes(request))).rejects.toMatchObject({
        code: 'remote',
        message: 'internal error',
      });
    const { stream } = await node.open(API_SERVICE, bytes('stream'));
    expect(await reading(stream).error).toMatchObject({ code: 'aborted', message: 'internal error' });
    expect(accepted[0]?.signal.aborted).toBe(true);
    expect(Buffer.from(await node.call(API_SERVICE, bytes('fine'))).toString()).toBe('fine');
    expect(api.figures).toEqual({ channels: 0, peers: 0, asking: 0, waiting: 0 });
  });

  it('BUS-39: nothing is left behind: no channels, no timers, after all is done', async () => {
    const { hub, node, accepted } = pair();
    const { stream } = await node.open(API_SERVICE, bytes('stream'));
    stream.abort('done');
    await settle();
    expect(accepted[0]?.signal.aborted).toBe(true);
    await hub.clock.advance(10_000);
    expect(hub.clock.pendingTimers).toBe(0);
  });

  it('BUS-40: whatever bytes come to an inbox, nothing breaks (seed 7)', async () => {
    const { hub, node, accepted, nodeWire } = pair();
    const { stream } = await node.open(API_SERVICE, bytes('stream'));
    const { frames } = reading(stream);
    const random = seededRandom(7);
    const inbox = `in.system%3Aapiserver.system%3Anode%3An.${apiToken(hub)}.f`;
    for (let i = 0; i < 2000; i++) {
      const garbage = Buffer.from(Array.from({ length: Math.floor(random.next() * 40) }, () => random.next() * 256));
      if (garbage.length > 5) garbage.writeUInt32LE(1000 + i, 2);
      const subject = random.next() < 0.2 ? 'rpc.api._.system.node.n' : inbox;
      nodeWire.publish(subject, garbage, random.next() < 0.5 ? 'in.a.b.c.d' : undefined);
    }
    await settle();
    await accepted[0]?.write(bytes('still here'));
    await settle();
    expect(frames).toEqual(['still here']);
  });
});

/** The apiserver's connection token, which its peers learn from its answers. */
function apiToken(hub: Hub): string {
  for (const { subject } of hub.subscriptions()) {
    const [, token] = /^in\.system%3Aapiserver\.\*\.(\w+)\.\*$/.exec(subject) ?? [];
    if (token) return token;
  }
  throw new Error('the apiserver has no inbox');
}
