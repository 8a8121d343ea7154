/**
 * A streamed answer (a log) as the messages of a WebSocket
 * (upstream: staging/src/k8s.io/apimachinery/pkg/util/httpstream/wsstream/stream.go). Loaded at the first.
 */
import { isStream, type ServerRequest, type ServerResponse, type StreamSink } from '../server/exchange.ts';
import type { UpgradeSocket } from './upgrade-socket.ts';
import { acceptWebSocket, type Pinging, refuseProtocol } from './websocket.ts';
import { negotiate, offeredProtocols } from './websocket-offer.ts';

const PROTOCOLS = ['', 'binary.k8s.io', 'base64.binary.k8s.io'];
const CLOSE_NORMAL = 1000;
const CLOSE_INTERNAL_ERROR = 1011;
/** Bytes that wait for a reader before the source has to wait. */
const HIGH_WATER = 256 * 1024;

export async function serveReader(
  env: Pinging,
  request: ServerRequest,
  raw: UpgradeSocket,
  response: ServerResponse,
): Promise<void> {
  const protocol = negotiate(offeredProtocols(request), PROTOCOLS);
  if (protocol === undefined) return refuseProtocol(raw);
  const webSocket = await acceptWebSocket(env, raw, protocol);
  const gone = new AbortController();
  webSocket.on('error', () => webSocket.terminate());
  webSocket.once('close', () => gone.abort());
  let sent: Promise<void> = Promise.resolve();
  const binary = protocol !== 'base64.binary.k8s.io';
  const write = (bytes: Uint8Array): boolean => {
    const message = binary ? bytes : Buffer.from(bytes).toString('base64');
    sent = new Promise((resolve) => webSocket.send(message, { binary }, () => resolve()));
    return webSocket.bufferedAmount < HIGH_WATER;
  };
  const sink: StreamSink = { signal: gone.signal, write, drained: () => sent };
  try {
    if (isStream(response)) await response.stream(sink);
    else for (const part of response.body) write(part);
    await sent;
    webSocket.close(CLOSE_NORMAL);
  } catch {
    webSocket.close(CLOSE_INTERNAL_ERROR);
  }
}
