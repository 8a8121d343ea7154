/**
 * Faults between real connections, over every broker there is.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  API_SERVICE,
  askEndpoint,
  type BusConnection,
  encode,
  FAULT_INJECTOR_USER,
  type FaultAnswer,
  type FaultCommand,
  type IncomingCall,
  type LinkEffect,
  type LinkFault,
} from '../src/mod.ts';
import { connectAs, serverKinds, type TestServer, temporaryFolder } from './servers.ts';

const API = 'system:apiserver';
const SCHEDULER = 'system:kube-scheduler';
const NODE = 'system:node:node-1';
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
});
