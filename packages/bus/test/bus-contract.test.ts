import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { API_SERVICE, type BusConnection, type BusStream, type IncomingCall, nodeService } from '../src/mod.ts';
import { connectAs, serverKinds, type TestServer, temporaryFolder, until } from './servers.ts';

const SCHEDULER = 'system:kube-scheduler';
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const bytes = (value: string): Uint8Array => Buffer.from(value);

describe.each(serverKinds())('bus over the $name', ({ start }) => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let server: TestServer;
  const open: BusConnection[] = [];

  beforeAll(async () => {
    folder = await temporaryFolder();
    server = await start(folder.dir, 0);
  });
  afterEach(async () => {
    for (const connection of open.splice(0)) await connection.close();
  });
  afterAll(async () => {
    await server.stop();
    await folder.remove();
  });

  async function connect(user: string): Promise<BusConnection> {
    const connection = await connectAs(folder.dir, server.url, user);
    open.push(connection);
    return connection;
  }

  async function apiserver(handler: (call: IncomingCall) => void, concurrency?: number): Promise<BusConnection> {
    const connection = await connect('system:apiserver');
    await connection.serve(API_SERVICE, handler, { queue: 'api', concurrency }).ready;
    return connection;
  }

  const echo = (call: IncomingCall): void => void call.reply(bytes(`${call.caller}: ${text(call.request)}`));

  it('BUS-1: a call is answered, and the server knows who asked', async () => {
    await apiserver(echo);
    const scheduler = await connect(SCHEDULER);
    expect(text(await scheduler.call(API_SERVICE, bytes('hello')))).toBe('system:kube-scheduler: hello');
  });

  it('BUS-2: any name is safe: dots, wildcards, spaces, colons, other scripts', async () => {
    await apiserver(echo);
    for (const user of ['a.b', 'a:*', '>', 'x y\tz', 'ß☃', 'system:node:n.1.example', '%41', 'a::b', 'ÿ']) {
      const connection = await connect(user);
      expect(text(await connection.call(API_SERVICE, bytes('hi')))).toBe(`${user}: hi`);
    }
  });

  it('BUS-3: nobody there is told at once', async () => {
    const scheduler = await connect(SCHEDULER);
    await expect(scheduler.call(API_SERVICE, bytes('x'))).rejects.toMatchObject({ code: 'no-responders' });
  });

  it("BUS-4: a failure comes as the caller's error; a slow answer as a timeout; an abort ends the wait", async () => {
    await apiserver((call) => {
      if (text(call.request) === 'fail') void call.fail('it broke\nbadly');
    });
    const scheduler = await connect(SCHEDULER);
    const failed = scheduler.call(API_SERVICE, bytes('fail'));
    await expect(failed).rejects.toMatchObject({ code: 'remote', message: 'it broke\nbadly' });
    const slow = scheduler.call(API_SERVICE, bytes('slow'), { timeout: 30 });
    await expect(slow).rejects.toMatchObject({ code: 'timeout' });
    const controller = new AbortController();
    const aborted = scheduler.call(API_SERVICE, bytes('slow'), { signal: controller.signal });
    controller.abort();
    await expect(aborted).rejects.toMatchObject({ code: 'aborted' });
  });

  it('BUS-5: large requests and answers travel as chunks, both ways, unharmed', async () => {
    await apiserver((call) => void call.reply(Buffer.concat([call.request, call.request, call.request])));
    const scheduler = await connect(SCHEDULER);
    const request = Buffer.alloc(5_000_001, 'abcdefg');
    const answer = await scheduler.call(API_SERVICE, request);
    expect(Buffer.compare(Buffer.from(answer), Buffer.concat([request, request, request]))).toBe(0);
    const huge = scheduler.call(API_SERVICE, Buffer.alloc(16 * 1024 * 1024 + 1));
    await expect(huge).rejects.toMatchObject({ code: 'too-large' });
  });

  it('BUS-6: calls beyond the concurrency of a server fail as overloaded', async () => {
    const calls: IncomingCall[] = [];
    await apiserver((call) => calls.push(call), 2);
    const scheduler = await connect(SCHEDULER);
    const answers = Promise.allSettled(['a', 'b', 'c'].map((name) => scheduler.call(API_SERVICE, bytes(name))));
    await until(() => calls.length === 2);
    await expect(scheduler.call(API_SERVICE, bytes('d'))).rejects.toMatchObject({ code: 'overloaded' });
    for (const call of calls) void call.reply(call.request);
    expect((await answers).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
  });

  it('BUS-6: one caller takes no more than its share of calls and streams, whatever it sends', async () => {
    const limits = { maxPerPeer: 3 };
    const api = await connectAs(folder.dir, server.url, 'system:apiserver', limits);
    open.push(api);
    const held: IncomingCall[] = [];
    const streams: BusStream[] = [];
    const serve = async (call: IncomingCall): Promise<void> => {
      if (text(call.request) === 'stream') streams.push(await call.accept(bytes('')));
      else if (text(call.request) === 'hold') held.push(call);
      else await call.reply(bytes('ok'));
    };
    await api.serve(API_SERVICE, serve, { concurrency: 100, perCaller: 2 }).ready;
    const flooder = await connect('system:node:flooder');
    const other = await connect(SCHEDULER);
    const waiting = Promise.all(['hold', 'hold'].map((name) => flooder.call(API_SERVICE, bytes(name))));
    await until(() => held.length === 2);
    await expect(flooder.call(API_SERVICE, bytes('x'))).rejects.toMatchObject({ code: 'overloaded' });
    expect(text(await other.call(API_SERVICE, bytes('x')))).toBe('ok');
    for (const call of held) void call.reply(bytes('done'));
    await waiting;
    for (let i = 0; i < 3; i++) await flooder.open(API_SERVICE, bytes('stream'));
    await expect(flooder.open(API_SERVICE, bytes('stream'))).rejects.toMatchObject({ code: 'overloaded' });
    expect(text(await other.call(API_SERVICE, bytes('x')))).toBe('ok');
    streams[0]?.abort('make room');
    await until(() => api.figures.channels === 2);
    expect(text(await flooder.call(API_SERVICE, bytes('x')))).toBe('ok');
  });

  it('BUS-7: servers of one queue share the calls', async () => {
    const counts = [0, 0];
    for (const i of [0, 1])
      await apiserver((call) => {
        counts[i] = (counts[i] ?? 0) + 1;
        void call.reply(call.request);
      });
    const scheduler = await connect(SCHEDULER);
    for (let i = 0; i < 40; i++) await scheduler.call(API_SERVICE, bytes('x'));
    expect((counts[0] ?? 0) + (counts[1] ?? 0)).toBe(40);
    expect(Math.min(...counts)).toBeGreaterThan(0);
  });

  it('BUS-8: a stream carries frames both ways, in order and whole, until both sides end it', async () => {
    await apiserver(async (call) => {
      const stream = await call.accept(bytes('welcome'));
      for await (const frame of stream.frames) await stream.write(Buffer.concat([bytes('>'), frame]));
      await stream.end();
    });
    const scheduler = await connect(SCHEDULER);
    const { response, stream } = await scheduler.open(API_SERVICE, bytes('watch'));
    expect(text(response)).toBe('welcome');
    const sizes = [0, 1, 1000, 300_000, 2_000_000, 5];
    const writing = (async () => {
      for (const size of sizes) await stream.write(Buffer.alloc(size, 'x'));
      await stream.end();
    })();
    const seen: number[] = [];
    for await (const frame of stream.frames) seen.push(frame.length - 1);
    await writing;
    expect(seen).toEqual(sizes);
    expect(stream.signal.aborted).toBe(true);
  });

  it.each([
    ['small', 50_000, 200, 40],
    ['a little larger than the window', 1024 * 1024 + 1, 20, 5],
  ])(
    'BUS-9: a reader who does not read stops the writer, and loses nothing: %s frames',
    async (_, size, total, most) => {
      let written = 0;
      await apiserver(async (call) => {
        if (text(call.request) !== 'watch') return call.reply(bytes(''));
        const stream = await call.accept(bytes(''));
        for (; written < total; written++) await stream.write(Buffer.alloc(size, written));
        await stream.end();
      });
      const scheduler = await connect(SCHEDULER);
      const { stream } = await scheduler.open(API_SERVICE, bytes('watch'));
      await until(() => written > 0);
      for (let i = 0; i < 20; i++) await scheduler.call(API_SERVICE, bytes('x'));
      expect(written).toBeLessThan(most);
      const seen: number[] = [];
      for await (const frame of stream.frames) seen.push(frame[0] ?? -1);
      expect(seen).toEqual(Array.from({ length: total }, (_, i) => i));
    },
  );

  it('BUS-10: an abort ends both sides; a reader who leaves aborts', async () => {
    const accepted: BusStream[] = [];
    await apiserver(async (call) => accepted.push(await call.accept(bytes(''))));
    const scheduler = await connect(SCHEDULER);
    const first = await scheduler.open(API_SERVICE, bytes('a'));
    first.stream.abort('enough');
    await until(() => accepted[0]?.signal.aborted === true);
    const second = await scheduler.open(API_SERVICE, bytes('b'));
    await accepted[1]?.write(bytes('one'));
    for await (const _ of second.stream.frames) break;
    await until(() => accepted[1]?.signal.aborted === true);
    const third = await scheduler.open(API_SERVICE, bytes('c'));
    accepted[2]?.abort('server is done');
    const reading = (async () => {
      for await (const _ of third.stream.frames);
    })();
    await expect(reading).rejects.toMatchObject({ code: 'aborted', message: 'server is done' });
  });

  it('BUS-11: a peer whose connection is gone ends its streams and calls within a heartbeat', async () => {
    const api = await apiserver((call) => {
      if (text(call.request) === 'stream') void call.accept(bytes(''));
    });
    const fast = { heartbeat: 50, noSign: 5000, silence: 5000 };
    const scheduler = await connectAs(folder.dir, server.url, SCHEDULER, fast);
    open.push(scheduler);
    const { stream } = await scheduler.open(API_SERVICE, bytes('stream'));
    const reading = (async () => {
      for await (const _ of stream.frames);
    })().catch((error: unknown) => error);
    await api.close();
    expect(await reading).toMatchObject({ name: 'BusError' });
    expect(stream.signal.aborted).toBe(true);
  });

  it('BUS-12: identities are walls: who may serve, call and listen is enforced by the server', async () => {
    await apiserver(echo);
    const node1 = await connect('system:node:node-1');
    const node2 = await connect('system:node:node-2');
    await node1.serve(nodeService('node-1'), echo).ready;
    const api = open[0];
    expect(text((await api?.call(nodeService('node-1'), bytes('logs'))) ?? bytes(''))).toBe('system:apiserver: logs');
    // The network between machines: nodes call nodes, which see who asks; nobody else of the cluster does.
    expect(text(await node2.call(nodeService('node-1'), bytes('dial')))).toBe('system:node:node-2: dial');
    const scheduler = await connect(SCHEDULER);
    const call = scheduler.call(nodeService('node-1'), bytes('exec'), { timeout: 2000 });
    await expect(call).rejects.toMatchObject({ code: 'denied' });
    const posing = node2.call(API_SERVICE, bytes('x'), { as: 'system:node:node-1', timeout: 2000 });
    await expect(posing).rejects.toMatchObject({ code: 'denied' });
    let stolen = 0;
    await node2.serve(nodeService('node-1'), () => stolen++).ready;
    await node2.serve(API_SERVICE, () => stolen++, { queue: 'api' }).ready;
    for (let i = 0; i < 10; i++) await node1.call(API_SERVICE, bytes('x'));
    for (let i = 0; i < 10; i++) await api?.call(nodeService('node-1'), bytes('x'));
    expect(stolen).toBe(0);
  });

  it('BUS-13: the controller-manager acts as the service accounts of kube-system, and no others', async () => {
    await apiserver(echo);
    const manager = await connect('system:kube-controller-manager');
    const as = 'system:serviceaccount:kube-system:deployment-controller';
    expect(text(await manager.call(API_SERVICE, bytes('x'), { as }))).toBe(`${as}: x`);
    const other = manager.call(API_SERVICE, bytes('x'), { as: 'system:serviceaccount:default:a', timeout: 2000 });
    await expect(other).rejects.toMatchObject({ code: 'denied' });
  });

  it('BUS-14: an identity that was minted after the server started is let in; a foreign one is not', async () => {
    await apiserver(echo);
    const late = await connect('system:node:late');
    expect(text(await late.call(API_SERVICE, bytes('x')))).toBe('system:node:late: x');
    const foreign = await temporaryFolder();
    const stranger = connectAs(foreign.dir, server.url, 'system:apiserver');
    await expect(stranger).rejects.toMatchObject({ code: 'denied' });
    await foreign.remove();
  });
});
