import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { API_SERVICE, type BusConnection } from '../src/mod.ts';
import { clock, connectAs, serverKinds, type TestServer, temporaryFolder, until } from './servers.ts';

const bytes = (value: string): Uint8Array => Buffer.from(value);

describe.each(serverKinds())('recovery with the $name', ({ start }) => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let server: TestServer;
  let api: BusConnection;
  let scheduler: BusConnection;

  beforeEach(async () => {
    folder = await temporaryFolder();
    server = await start(folder.dir, 0);
    api = await connectAs(folder.dir, server.url, 'system:apiserver');
    const served = api.serve(API_SERVICE, async (call) => {
      if (Buffer.from(call.request).toString() !== 'stream') return void call.reply(call.request);
      const stream = await call.accept(bytes(''));
      await stream.write(bytes('first'));
    });
    await served.ready;
    scheduler = await connectAs(folder.dir, server.url, 'system:kube-scheduler');
  });
  afterEach(async () => {
    await scheduler.close();
    await api.close();
    await server.stop();
    await folder.remove();
  });

  it('BUS-20: a restart of the broker breaks streams, and soon all works again by itself', async () => {
    const { stream } = await scheduler.open(API_SERVICE, bytes('stream'));
    const seen: unknown[] = [];
    const reading = (async () => {
      for await (const frame of stream.frames) seen.push(Buffer.from(frame).toString());
    })().catch((error: unknown) => seen.push(error));
    await until(() => seen.length === 1);
    const changes: boolean[] = [];
    scheduler.onConnected((connected) => changes.push(connected));
    await server.stop();
    await reading;
    expect(seen[1]).toMatchObject({ code: 'disconnected' });
    expect(scheduler.connected).toBe(false);
    const waiting = scheduler.call(API_SERVICE, bytes('meanwhile'), { timeout: 10_000 });
    const hopeless = scheduler.call(API_SERVICE, bytes('x'), { timeout: 20 });
    await expect(hopeless).rejects.toMatchObject({ code: 'disconnected' });
    const down = clock.monotonic();
    server = await start(folder.dir, server.port);
    await until(() => scheduler.connected && api.connected);
    expect(clock.monotonic() - down).toBeLessThan(2000);
    expect(Buffer.from((await waiting) as Uint8Array).toString()).toBe('meanwhile');
    expect(Buffer.from(await scheduler.call(API_SERVICE, bytes('again'))).toString()).toBe('again');
    const second = await scheduler.open(API_SERVICE, bytes('stream'));
    second.stream.abort('seen enough');
    expect(changes).toEqual([false, true]);
  });
});
