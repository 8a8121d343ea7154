/**
 * A streamed answer (a log) as the messages of a WebSocket
 * (upstream: staging/src/k8s.io/apimachinery/pkg/util/httpstream/wsstream/stream.go). Loaded at the first.
 */
import type { WebSocket } from 'ws';
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
  const isText = protocol === 'base64.binary.k8s.io';
  await sendStream(webSocket, response, (bytes) => [
    isText ? { data: Buffer.from(bytes).toString('base64'), binary: false } : { data: bytes, binary: true },
  ]);
}

export interface Message {
  readonly data: Uint8Array | string;
  readonly binary: boolean;
}

/** Sends an answer, each of its pieces as messages, and closes. What the client sends is passed over. */
export async function sendStream(
  webSocket: WebSocket,
  response: ServerResponse,
  messagesOf: (bytes: Uint8Array) => Iterable<Message>,
): Promise<void> {
  const gone = new AbortController();
  webSocket.once('close', () => gone.abort());
  let sent: Promise<void> = Promise.resolve();
  const write = (bytes: Uint8Array): boolean => {
    for (const { data, binary } of messagesOf(bytes)) {
      sent = new Promise((resolve) => webSocket.send(data, { binary }, () => resolve()));
    }
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
