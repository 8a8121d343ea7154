/**
 * port-forward over the channels of a WebSocket, as it was before SPDY was tunnelled: one connection for each port of the
 * query. Loaded at the first. (upstream: staging/src/k8s.io/kubelet/pkg/cri/streaming/portforward/websocket.go)
 *
 * Port n has the channels 2n (data) and 2n+1 (error); the first message on each is the port, 16 bits, little-endian.
 */
import { statusErrors } from '@regatta/api';
import type { BusStream } from '@regatta/bus';
import type { PodPorts } from './pod-ports.ts';
import type { ChannelSocket } from './websocket.ts';

/** Channel numbers are one byte. */
const MOST_PORTS = 100;

/** @throws StatusError 400 */
export function portsOf(query: URLSearchParams): number[] {
  const texts = query.getAll('ports');
  if (texts.length === 0) throw statusErrors.badRequest('query parameter "port" is required');
  const ports = texts.flatMap((text) => text.split(',').map((part) => port(part, text)));
  if (ports.length > MOST_PORTS) throw statusErrors.badRequest(`at most ${MOST_PORTS} ports can be forwarded at once`);
  return ports;
}

function port(part: string, text: string): number {
  if (text === '') throw statusErrors.badRequest('query parameter "port" cannot be empty');
  const value = /^\d+$/.test(part) ? Number(part) : Number.NaN;
  if (Number.isNaN(value)) {
    const why = `strconv.ParseUint: parsing ${JSON.stringify(part)}: invalid syntax`;
    throw statusErrors.badRequest(`unable to parse ${JSON.stringify(text)} as a port: ${why}`);
  }
  if (value < 1 || value > 65_535) throw statusErrors.badRequest(`port ${JSON.stringify(text)} must be > 0`);
  return value;
}

/** Until every connection has ended, or the client or the Pod is gone. */
export async function servePortChannels(
  socket: ChannelSocket,
  wanted: readonly number[],
  ports: PodPorts,
): Promise<void> {
  const connections = new Map<number, Promise<BusStream>>();
  const close = (): void => socket.close();
  ports.signal.addEventListener('abort', close, { once: true });
  const done = wanted.map((number, index) => {
    const connection = ports.connect(number);
    // `carry` tells of it, when it gets as far.
    connection.catch(() => {});
    connections.set(index * 2, connection);
    return carry(socket, index * 2, number, connection);
  });
  socket.receive(async ({ channel, bytes }) => {
    // What failed to open or broke is told by `carry`, on the error channel.
    const connection = await connections.get(channel)?.catch(() => undefined);
    if (connection && !connection.signal.aborted) await connection.write(bytes).catch(() => {});
  });
  await Promise.all(done);
  socket.close();
}

/** Never rejects. */
async function carry(
  socket: ChannelSocket,
  channel: number,
  number: number,
  connection: Promise<BusStream>,
): Promise<void> {
  const portBytes = Uint8Array.of(number & 0xff, number >> 8);
  // Also when the client goes before the connection is there, which nobody else waits for then.
  const gone = (): void =>
    void connection.then(
      (node) => node.abort('the client is gone'),
      () => {},
    );
  socket.signal.addEventListener('abort', gone, { once: true });
  if (socket.signal.aborted) gone();
  try {
    await socket.send(channel, portBytes);
    await socket.send(channel + 1, portBytes);
    const node = await connection;
    for await (const bytes of node.frames) await socket.send(channel, bytes);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    // A client that is gone need not be told.
    if (!socket.signal.aborted) await socket.send(channel + 1, Buffer.from(message)).catch(() => {});
  }
}
