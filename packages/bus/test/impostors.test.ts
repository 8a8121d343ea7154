/**
 * A node that knows everything about the connections of others, their tokens and channel numbers too, and uses every subject
 * that it may publish to speak with somebody else's voice. Whatever it tries, nobody else is told anything.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeFrame, Flag, FrameType } from '../src/link/frame.ts';
import { API_SERVICE, type BusConnection, type BusStream, type IncomingCall } from '../src/mod.ts';
import type { RawClient } from './raw-client.ts';
import { accountKeys, connectRaw, forged, minted } from './raw-identity.ts';
import { connectAs, serverKinds, type TestServer, temporaryFolder, until } from './servers.ts';

const API = 'system%3Aapiserver';
const VICTIM = 'system%3Anode%3Anode-1';
const ATTACKER = 'system%3Anode%3Anode-2';
/** Channel and peer numbers start at 1: these are all that can be there. */
const NUMBERS = Array.from({ length: 12 }, (_, i) => i + 1);
const bytes = (value: string): Uint8Array => Buffer.from(value);
const text = (value: Uint8Array): string => Buffer.from(value).toString();

describe.each(serverKinds())('impostors on the $name', ({ start }) => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let server: TestServer;
  let api: BusConnection;
  let victim: BusConnection;
  let onlooker: RawClient;
  let attacker: RawClient;
  let held: IncomingCall | undefined;
  let answer: Promise<Uint8Array>;
  let far: BusStream;
  let near: BusStream;
  let tokens: { readonly api: string; readonly victim: string };

  beforeEach(async () => {
    folder = await temporaryFolder();
    server = await start(folder.dir, 0);
    onlooker = await connectRaw(server.port, forged('onlooker', (await accountKeys(folder.dir)).account));
    onlooker.send('SUB in.> 1\r\n');
    await onlooker.after();
    api = await connectAs(folder.dir, server.url, 'system:apiserver');
    await api.serve(API_SERVICE, serve).ready;
    victim = await connectAs(folder.dir, server.url, 'system:node:node-1');
    near = (await victim.open(API_SERVICE, bytes('stream'))).stream;
    answer = victim.call(API_SERVICE, bytes('hold'));
    await until(() => held !== undefined);
    // A sign of the held call and credit for the stream: by now both tokens have been seen.
    await near.write(bytes('hello'));
    const token = (owner: string, sender: string): string =>
      new RegExp(`MSG in\\.${owner}\\.${sender}\\.([0-9a-f]{32})\\.f`).exec(onlooker.text)?.[1] ?? '';
    await until(() => token(VICTIM, API) !== '' && token(API, VICTIM) !== '', 'both tokens');
    tokens = { victim: token(VICTIM, API), api: token(API, VICTIM) };
    attacker = await connectRaw(server.port, await minted(folder.dir, 'system:node:node-2'));
  });
  afterEach(async () => {
    for (const { socket } of [attacker, onlooker]) socket.destroy();
    held = undefined;
    await victim.close();
    await api.close();
    await server.stop();
    await folder.remove();
  });

  async function serve(call: IncomingCall): Promise<void> {
    const request = text(call.request);
    if (request === 'hold') held = call;
    else if (request === 'stream') far = await call.accept(bytes(''));
    else await call.reply(bytes(`answer to ${request}`));
  }

  function publish(subject: string, reply: string, payload: Uint8Array): void {
    attacker.send(`PUB ${subject} ${reply === '' ? '' : `${reply} `}${payload.length}\r\n`);
    attacker.send(Buffer.concat([payload, Buffer.from('\r\n')]));
  }

  /** What went into the victim's inbox, less what the link itself says there from time to time. */
  function heardByVictim(said: string): string[] {
    return [...said.matchAll(new RegExp(`^MSG in\\.${VICTIM}\\.\\S+\\.(\\w+) .*$`, 'gm'))].map(([line]) => line);
  }

  /** The victim's call and stream are still as they were, and end as they should. */
  async function unharmed(): Promise<void> {
    await api.call(API_SERVICE, bytes('x'));
    await far.write(bytes('still here'));
    await far.end();
    const frames: string[] = [];
    for await (const frame of near.frames) frames.push(text(frame));
    expect(frames).toEqual(['still here']);
    await held?.reply(bytes('the right answer'));
    expect(text(await answer)).toBe('the right answer');
  }

  it('BUS-55: an answer goes to whoever asked, never to where a request points', async () => {
    const inbox = `in.${VICTIM}.${API}.${tokens.victim}.f`;
    onlooker.text = '';
    for (const number of NUMBERS)
      publish(
        'rpc.api._.system.node.node-2',
        inbox,
        encodeFrame(FrameType.open, 0, 0, number, 0, bytes('give me secrets')),
      );
    expect(await attacker.after()).toBe('');
    await api.call(API_SERVICE, bytes('a round trip'));
    expect(heardByVictim(await onlooker.after()).filter((line) => !line.endsWith(' 14'))).toEqual([]);
    await unharmed();
  });

  it('BUS-56: nobody can end or answer the calls and streams of others', async () => {
    const evil = (type: number, to: number): Uint8Array => encodeFrame(type, 0, to, to, 0, bytes('evil'));
    for (const number of NUMBERS) {
      // To the apiserver: frames, news that somebody is gone, and frames whose refusal would go to the victim.
      const toApi = `in.${API}.${ATTACKER}.${tokens.api}`;
      for (const type of Object.values(FrameType)) publish(`${toApi}.f`, '', evil(type, number));
      publish(`${toApi}.h${number}`, '', bytes(''));
      publish(`${toApi}.${number}`, '', bytes(''));
      const reply = `in.${VICTIM}.${API}.${tokens.victim}.f`;
      publish(`${toApi}.f`, reply, encodeFrame(FrameType.data, 0, 4_000_000, number, 0));
      // To the victim itself, which nodes may reach.
      const toVictim = `in.${VICTIM}.${ATTACKER}.${tokens.victim}`;
      for (const type of Object.values(FrameType)) publish(`${toVictim}.f`, '', evil(type, number));
      publish(`${toVictim}.h${number}`, '', bytes(''));
      publish(`${toVictim}.${number}`, '', bytes(''));
      publish(
        `${toVictim}.f`,
        `in.${API}.${VICTIM}.${tokens.api}.f`,
        encodeFrame(FrameType.data, 0, 4_000_000, number, 0),
      );
    }
    expect(await attacker.after()).toBe('');
    await unharmed();
  });

  it('BUS-57: whoever answers a call can not send the rest of it to somebody else', async () => {
    attacker.send('SUB rpc.node.node-2.> 1\r\n');
    await attacker.after();
    const asked = api.open('node.node-2', bytes('logs'), { timeout: 1500 }).catch((error: unknown) => error);
    await attacker.expect('MSG rpc.node.node-2.system.apiserver 1 ');
    const [, inbox = '', number = ''] = /apiserver 1 (in\.\S+)\.(\d+) /.exec(attacker.text) ?? [];
    const first = encodeFrame(FrameType.data, Flag.stream, Number(number), 1, 0, bytes('ok'));
    publish(`${inbox}.f`, `in.${VICTIM}.${API}.${tokens.victim}.f`, first);
    expect(await asked).toMatchObject({ name: 'BusError' });
    await unharmed();
  });

  it('BUS-58: a request that is nonsense is answered or ignored; the server goes on', async () => {
    const own = `in.${ATTACKER}.${API}.mine.f`;
    for (const payload of [
      bytes(''),
      Buffer.alloc(14, 0xff),
      Buffer.alloc(13),
      encodeFrame(FrameType.open, 255, 9, 9, 9),
    ])
      for (const reply of ['', 'x', 'in.>', '_INBOX.a', own, `in.${ATTACKER}.${API}`])
        publish('rpc.api._.system.node.node-2', reply, payload);
    await attacker.after();
    await unharmed();
  });
});
