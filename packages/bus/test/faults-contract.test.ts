/**
 * Faults between real connections, over every broker there is.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  API_SERVICE,
  askEndpoint,
  type BusConnection,
  type BusStream,
  encode,
  FAULT_INJECTOR_USER,
  type FaultAnswer,
  type FaultCommand,
  type IncomingCall,
  type LinkEffect,
  type LinkFault,
} from '../src/mod.ts';
import { clock, connectAs, serverKinds, type TestServer, temporaryFolder, until } from './servers.ts';

const API = 'system:apiserver';
const SCHEDULER = 'system:kube-scheduler';
const NODE = 'system:node:node-1';
const text = (data: Uint8Array): string => Buffer.from(data).toString();
const bytes = (value: string): Uint8Array => Buffer.from(value);

function fault(peers: readonly string[], effect: LinkEffect, direction: LinkFault['direction'] = 'both'): LinkFault {
  return { id: 'f', peers, direction, effect, forMs: 60_000 };
}

describe.each(serverKinds())('faults over the $name', ({ start }) => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let server: TestServer;
  let injector: BusConnection;
  const open: BusConnection[] = [];

  beforeAll(async () => {
    folder = await temporaryFolder();
    server = await start(folder.dir, 0);
    injector = await connectAs(folder.dir, server.url, FAULT_INJECTOR_USER);
  });
  afterEach(async () => {
    for (const connection of open.splice(0)) await connection.close();
  });
  afterAll(async () => {
    await injector.close();
    await server.stop();
    await folder.remove();
  });

  const fast = { heartbeat: 50, sign: 50, noSign: 300, silence: 400 };

  async function connect(user: string): Promise<BusConnection> {
    const connection = await connectAs(folder.dir, server.url, user, fast);
    open.push(connection);
    return connection;
  }

  async function apiserver(handler: (call: IncomingCall) => void): Promise<BusConnection> {
    const connection = await connect(API);
    await connection.serve(API_SERVICE, handler, { queue: 'api' }).ready;
    return connection;
  }

  const echo = (call: IncomingCall): void => void call.reply(call.request);
  const tell = (user: string, command: FaultCommand): Promise<FaultAnswer> => askEndpoint(injector, user, command);

  it('FLT-1: an endpoint sets, lists and heals faults when it is told to, and answers', async () => {
    await connect(NODE);
    expect(await tell(NODE, { op: 'list' })).toEqual({ ok: true, faults: [] });
    const set = fault([API], { drop: 1 });
    expect(await tell(NODE, { op: 'set', fault: set })).toMatchObject({ ok: true, faults: [set] });
    expect(await tell(NODE, { op: 'heal', ids: ['other'] })).toMatchObject({ ok: true, faults: [set] });
    expect(await tell(NODE, { op: 'heal' })).toEqual({ ok: true, faults: [] });
  });

  it('FLT-2: nonsense is answered as invalid', async () => {
    await connect(NODE);
    const nonsense = { op: 'set', fault: fault([], { drop: 1 }) } as FaultCommand;
    expect(await tell(NODE, nonsense)).toEqual({
      ok: false,
      code: 'invalid',
      message: 'peers must name from 1 to 1024, not 0',
    });
    const answer = await injector.exempt.ask(NODE, bytes('\xc1'), { timeout: 5000 });
    expect(Buffer.from(answer).toString('latin1')).toContain('the command is no msgpack');
  });

  it('FLT-3: an endpoint that is not connected is no-responders', async () => {
    await expect(tell('system:node:nobody', { op: 'list' })).rejects.toMatchObject({ code: 'no-responders' });
  });

  it('FLT-4: only apiservers and the fault injector command faults', async () => {
    const api = await apiserver(echo);
    const node = await connect(NODE);
    expect(await askEndpoint(api, NODE, { op: 'list' })).toMatchObject({ ok: true });
    for (const other of [node, await connect(SCHEDULER)])
      for (const endpoint of [API, NODE])
        await expect(askEndpoint(other, endpoint, { op: 'kill' })).rejects.toMatchObject({ code: 'denied' });
    const call = injector.call(API_SERVICE, bytes('x'), { timeout: 2000 });
    await expect(call).rejects.toMatchObject({ code: 'denied' });
  });

  it('FLT-5: an endpoint that is cut from everybody is still told', async () => {
    await apiserver(echo);
    const scheduler = await connect(SCHEDULER);
    await tell(SCHEDULER, { op: 'set', fault: fault(['*'], { drop: 1 }) });
    await expect(scheduler.call(API_SERVICE, bytes('x'))).rejects.toMatchObject({ code: 'disconnected' });
    expect(await tell(SCHEDULER, { op: 'list' })).toMatchObject({ ok: true, faults: [{ id: 'f' }] });
    await tell(SCHEDULER, { op: 'heal' });
    expect(Buffer.from(await scheduler.call(API_SERVICE, bytes('back'))).toString()).toBe('back');
  });

  it('FLT-6: an endpoint without a process of its own refuses to be killed or frozen', async () => {
    await connect(NODE);
    expect(await tell(NODE, { op: 'kill' })).toMatchObject({ ok: false, code: 'refused' });
    expect(await tell(NODE, { op: 'freeze', forMs: 1000 })).toMatchObject({ ok: false, code: 'refused' });
    expect(await tell(NODE, { op: 'thaw' })).toEqual({ ok: true, faults: [] });
  });

  it('FLT-7: what was withdrawn is not obeyed', async () => {
    await connect(NODE);
    const over = new AbortController();
    const set = { op: 'set', fault: fault([API], { drop: 1 }) };
    const asked = injector.exempt.ask(NODE, encode(set), { timeout: 5000, signal: over.signal });
    over.abort();
    await expect(asked).rejects.toMatchObject({ code: 'aborted' });
    expect(await tell(NODE, { op: 'list' })).toEqual({ ok: true, faults: [] });
  });

  it('FLT-8: a cut fails calls and, at both sides, streams; after it all works again', async () => {
    const accepted: BusStream[] = [];
    await apiserver(async (call) => {
      if (text(call.request) === 'stream') accepted.push(await call.accept(bytes('')));
      else await call.reply(call.request);
    });
    const node = await connect(NODE);
    const { stream } = await node.open(API_SERVICE, bytes('stream'));
    await until(() => accepted.length === 1);
    await tell(NODE, { op: 'set', fault: fault([API], { drop: 1 }) });
    await expect(node.call(API_SERVICE, bytes('x'))).rejects.toMatchObject({ code: 'disconnected' });
    await until(() => stream.signal.aborted && accepted[0]?.signal.aborted === true, 'the end of the stream');
    await tell(NODE, { op: 'heal' });
    expect(text(await node.call(API_SERVICE, bytes('back')))).toBe('back');
    await node.open(API_SERVICE, bytes('stream'));
    expect(accepted[1]?.signal.aborted).toBe(false);
  });

  it('FLT-9: a one-way cut, kept by either side: requests arrive or they do not, and no call succeeds', async () => {
    let arrived = 0;
    await apiserver((call) => {
      arrived++;
      echo(call);
    });
    const node = await connect(NODE);
    for (const [keeper, direction, arrivals] of [
      [NODE, 'out', 0],
      [NODE, 'in', 1],
      [API, 'in', 0],
      [API, 'out', 1],
    ] as const) {
      arrived = 0;
      await tell(keeper, { op: 'set', fault: fault([keeper === NODE ? API : NODE], { drop: 1 }, direction) });
      await expect(node.call(API_SERVICE, bytes('x'))).rejects.toMatchObject({ code: 'disconnected' });
      expect(arrived).toBe(arrivals);
      await tell(keeper, { op: 'heal' });
    }
  });

  it('FLT-10: whoever is cut off sees the same, whether the other side is there or not', async () => {
    const node = await connect(NODE);
    await tell(NODE, { op: 'set', fault: fault([API], { drop: 1 }) });
    await expect(node.call(API_SERVICE, bytes('x'))).rejects.toMatchObject({ code: 'disconnected' });
    await apiserver(echo);
    await expect(node.call(API_SERVICE, bytes('x'))).rejects.toMatchObject({ code: 'disconnected' });
  });

  it('FLT-11: a delay holds both ways, and calls keep their order', async () => {
    const arrived: string[] = [];
    await apiserver((call) => {
      arrived.push(text(call.request));
      echo(call);
    });
    const node = await connect(NODE);
    await tell(NODE, { op: 'set', fault: fault([API], { delay: { ms: 60, jitterMs: 60 } }) });
    const began = clock.monotonic();
    const names = Array.from({ length: 30 }, (_, i) => String(i));
    const answers = await Promise.all(names.map((name) => node.call(API_SERVICE, bytes(name))));
    // Timers may fire a fraction of a millisecond early.
    expect(clock.monotonic() - began).toBeGreaterThan(119);
    expect(arrived).toEqual(names);
    expect(answers.map(text)).toEqual(names);
  });

  it('FLT-12: under loss a stream ends with an error or delivers everything, never with a gap', async () => {
    await apiserver(async (call) => {
      const stream = await call.accept(bytes(''));
      for (let i = 0; i < 40 && !stream.signal.aborted; i++) await stream.write(bytes(String(i))).catch(() => {});
      await stream.end().catch(() => {});
    });
    const node = await connect(NODE);
    await tell(NODE, { op: 'set', fault: fault([API], { drop: 0.1 }) });
    let broken = 0;
    const rounds = 12;
    for (let round = 0; round < rounds; round++) {
      const seen: string[] = [];
      const failed = await drain(node, seen);
      expect(seen).toEqual(Array.from({ length: seen.length }, (_, i) => String(i)));
      if (failed) broken++;
      else expect(seen.length).toBe(40);
    }
    expect(broken).toBeGreaterThan(0);
    await tell(NODE, { op: 'heal' });
    const seen: string[] = [];
    expect(await drain(node, seen)).toBeUndefined();
    expect(seen.length).toBe(40);
  });

  it('FLT-13: duplicated messages change nothing: a call is executed once, a stream delivers each frame once', async () => {
    let executed = 0;
    await apiserver(async (call) => {
      executed++;
      if (text(call.request) !== 'stream') return call.reply(call.request);
      const stream = await call.accept(bytes(''));
      for await (const frame of stream.frames) await stream.write(frame);
      await stream.end();
    });
    const node = await connect(NODE);
    await tell(NODE, { op: 'set', fault: fault([API], { duplicate: 1 }) });
    await tell(API, { op: 'set', fault: fault([NODE], { duplicate: 1 }) });
    for (let i = 0; i < 20; i++) expect(text(await node.call(API_SERVICE, bytes(String(i))))).toBe(String(i));
    expect(executed).toBe(20);
    const { stream } = await node.open(API_SERVICE, bytes('stream'));
    const sizes = [1, 700_000, 3, 300_000, 5];
    const seen: number[] = [];
    const writing = (async () => {
      for (const size of sizes) await stream.write(Buffer.alloc(size, 'x'));
      await stream.end();
    })();
    for await (const frame of stream.frames) seen.push(frame.length);
    await writing;
    expect(seen).toEqual(sizes);
    expect(executed).toBe(21);
  });

  it('FLT-14: bandwidth bounds how fast bytes come through', async () => {
    await apiserver((call) => void call.reply(Buffer.alloc(50_000)));
    const node = await connect(NODE);
    await tell(NODE, { op: 'set', fault: fault([API], { bandwidth: 200_000 }, 'in') });
    const began = clock.monotonic();
    expect((await node.call(API_SERVICE, bytes('x'))).length).toBe(50_000);
    expect(clock.monotonic() - began).toBeGreaterThan(240);
  });

  it('FLT-37: a severed connection says no goodbye: peers notice at their next heartbeat, own calls end at once', async () => {
    const accepted: BusStream[] = [];
    const api = await apiserver(async (call) => accepted.push(await call.accept(bytes(''))));
    const node = await connect(NODE);
    const { stream } = await node.open(API_SERVICE, bytes('stream'));
    const ended = reasonOf(accepted[0]);
    await node.sever();
    expect(stream.signal.aborted).toBe(true);
    await expect(node.call(API_SERVICE, bytes('x'))).rejects.toMatchObject({ code: 'closed' });
    await expect(askEndpoint(api, NODE, { op: 'list' })).rejects.toMatchObject({ code: 'no-responders' });
    expect(await ended).toMatchObject({ code: 'disconnected', message: 'the other side is gone' });
  });

  it('FLT-15: a fault ends by itself although whoever set it is gone', async () => {
    await apiserver(echo);
    const node = await connect(NODE);
    const setter = await connectAs(folder.dir, server.url, FAULT_INJECTOR_USER);
    const set = { ...fault([API], { drop: 1 }), forMs: 500 };
    await askEndpoint(setter, NODE, { op: 'set', fault: set });
    await setter.close();
    await expect(node.call(API_SERVICE, bytes('x'))).rejects.toMatchObject({ code: 'disconnected' });
    const isBack = async (): Promise<boolean> => {
      const answer = await node.call(API_SERVICE, bytes('x')).catch(() => undefined);
      return answer !== undefined;
    };
    while (!(await isBack()));
    expect(await tell(NODE, { op: 'list' })).toEqual({ ok: true, faults: [] });
  });

  it('FLT-18: a fault outlives a restart of the broker, and its end does not depend on one', async () => {
    await apiserver(echo);
    const node = await connect(NODE);
    await tell(NODE, { op: 'set', fault: fault([API], { drop: 1 }) });
    await server.stop();
    await until(() => !node.connected);
    server = await start(folder.dir, server.port);
    await until(() => node.connected && injector.connected && open.every(({ connected }) => connected));
    await expect(node.call(API_SERVICE, bytes('x'))).rejects.toMatchObject({ code: 'disconnected' });
    expect(await tell(NODE, { op: 'heal' })).toEqual({ ok: true, faults: [] });
    expect(text(await node.call(API_SERVICE, bytes('x')))).toBe('x');
  });
});

/** Opens a stream and reads it to its end. @returns the error that ended it */
async function drain(node: BusConnection, seen: string[]): Promise<unknown> {
  try {
    const { stream } = await node.open(API_SERVICE, bytes('stream'), { timeout: 2000 });
    for await (const frame of stream.frames) seen.push(text(frame));
    await stream.end();
    return undefined;
  } catch (error) {
    return error;
  }
}

async function reasonOf(stream: BusStream | undefined): Promise<unknown> {
  try {
    for await (const _ of stream?.frames ?? []);
    return undefined;
  } catch (error) {
    return error;
  }
}
