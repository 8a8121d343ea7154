import { type AddressInfo, createServer } from 'node:net';
import { type BusStream, decode, type IncomingCall } from '@regatta/bus';
import { afterEach, describe, expect, it } from 'vitest';
import { PodTunnels, TUNNELS_PER_NODE } from '../src/server/pod-tunnel.ts';

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** A server on loopback that answers each connection in capitals. */
async function listener(): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    let text = '';
    socket.on('data', (chunk) => {
      text += String(chunk);
    });
    socket.on('end', () => socket.end(text.toUpperCase()));
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

interface Asked {
  readonly call: IncomingCall;
  readonly written: string[];
  code?: number;
}

/** A call that sends `frames`; without an end it stays open until it is aborted. */
function call(caller: string, frames: AsyncIterable<Uint8Array>): Asked {
  const written: string[] = [];
  const controller = new AbortController();
  ends.push(() => controller.abort());
  const stream: BusStream = {
    frames,
    write: async (frame) => void written.push(String(Buffer.from(frame))),
    end: async () => {},
    abort: () => controller.abort(),
    signal: controller.signal,
  };
  const answered = (response: Uint8Array): void => {
    asked.code = (decode(response) as { code: number }).code;
  };
  const asked: Asked = {
    written,
    call: {
      subject: '',
      caller,
      request: new Uint8Array(0),
      reply: async (response) => answered(response),
      fail: async () => {},
      accept: async (response) => {
        answered(response);
        return stream;
      },
    },
  };
  return asked;
}

async function* text(...parts: string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Buffer.from(part);
}

async function* endless(): AsyncGenerator<Uint8Array> {
  await new Promise(() => {});
  yield new Uint8Array(0);
}

describe("Pods' way to the API server", () => {
  it('NET-18: a machine reaches the server itself, both ways, and nobody else does', async () => {
    const tunnels = new PodTunnels(await listener());
    const asked = call('system:node:node-1', text('hel', 'lo'));
    await tunnels.serve(asked.call);
    expect(asked).toMatchObject({ code: 200, written: ['HELLO'] });
    const other = call('system:kube-scheduler', text('x'));
    await tunnels.serve(other.call);
    expect(other).toMatchObject({ code: 403, written: [] });
  });

  it('NET-19: a machine has so many at a time, and others still have theirs', async () => {
    const tunnels = new PodTunnels(await listener());
    const all = Array.from({ length: TUNNELS_PER_NODE }, () => call('system:node:node-1', endless()));
    for (const { call: open } of all) void tunnels.serve(open);
    const more = call('system:node:node-1', text('x'));
    await tunnels.serve(more.call);
    expect(more.code).toBe(429);
    const other = call('system:node:node-2', text('x'));
    await tunnels.serve(other.call);
    expect(other.code).toBe(200);
  });
});
