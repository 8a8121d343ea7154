/**
 * The way of Pods to this server: a machine opens a stream on the bus for each connection that one of its Pods makes to
 * the `kubernetes` Service, and the server connects it to its own listener. What passes is TLS between the Pod's
 * program and the server; who is asked for is not for the Pod to say.
 *
 * Invariants: only machines may; each at most TUNNELS_PER_NODE at a time; a tunnel ends both ways when one way breaks.
 */
import { connect } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { type ApiResponse, type BusStream, encode, type IncomingCall } from '@regatta/bus';

export const TUNNELS_PER_NODE = 256;
const NODE_USER_PREFIX = 'system:node:';

export class PodTunnels {
  readonly #open = new Map<string, number>();

  /** @param port where this server listens, on the loopback address too */
  constructor(private readonly port: number) {}

  /** Resolves when the tunnel is over. */
  async serve(call: IncomingCall): Promise<void> {
    const { caller } = call;
    const open = this.#open.get(caller) ?? 0;
    if (!caller.startsWith(NODE_USER_PREFIX)) return call.reply(encode(answer(403)));
    if (open >= TUNNELS_PER_NODE) return call.reply(encode(answer(429)));
    this.#open.set(caller, open + 1);
    try {
      await carry(await call.accept(encode(answer(200))), this.port);
    } finally {
      const left = (this.#open.get(caller) ?? 1) - 1;
      if (left === 0) this.#open.delete(caller);
      else this.#open.set(caller, left);
    }
  }
}

function answer(code: number): ApiResponse {
  return { code, headers: {}, body: new Uint8Array(0) };
}

async function carry(stream: BusStream, port: number): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const cut = (): void => void socket.destroy();
  stream.signal.addEventListener('abort', cut, { once: true });
  if (stream.signal.aborted) cut();
  const up = pipeline(stream.frames, socket);
  const down = pipeline(socket, async (chunks: AsyncIterable<Uint8Array>) => {
    for await (const chunk of chunks) await stream.write(chunk);
    await stream.end();
  });
  try {
    await Promise.all([up, down]);
  } catch (error) {
    socket.destroy();
    stream.abort(error instanceof Error ? error.message : String(error));
    await Promise.allSettled([up, down]);
  }
}
