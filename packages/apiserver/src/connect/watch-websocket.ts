/**
 * A watch over a WebSocket: a message an event, as text or, in protobuf, as bytes without their length
 * (upstream: HandleWS in staging/src/k8s.io/apiserver/pkg/endpoints/handlers/watch.go; the handshake is
 * golang.org/x/net/websocket's, which wants an Origin and takes any one protocol). Loaded at the first.
 *
 * What the client sends is passed over. The end of the watch closes the WebSocket, with code 1000.
 */
import { headerValue, type ServerRequest, type StreamResponse } from '../server/exchange.ts';
import { answerRaw } from './raw-answer.ts';
import { type Message, sendStream } from './reader-websocket.ts';
import type { UpgradeSocket } from './upgrade-socket.ts';
import { acceptWebSocket, type Pinging, refuseProtocol } from './websocket.ts';
import { offeredProtocols } from './websocket-offer.ts';

const NEWLINE = 10;
/** Bytes of the length before an event in protobuf. */
const LENGTH = 4;

export async function serveWatch(
  env: Pinging,
  request: ServerRequest,
  raw: UpgradeSocket,
  response: StreamResponse,
): Promise<void> {
  const offered = offeredProtocols(request);
  if (offered.length > 1) return answerRaw(raw.socket, { code: 400, headers: {}, body: [] });
  if (!URL.canParse(headerValue(request, 'origin') ?? '')) return refuseProtocol(raw);
  const webSocket = await acceptWebSocket(env, raw, offered[0] ?? '');
  const isText = response.headers['content-type'] === 'application/json';
  await sendStream(webSocket, response, isText ? lines : prefixed);
}

/** Events in JSON, each with its newline. */
function* lines(bytes: Uint8Array): Generator<Message> {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let start = 0; start < text.length; ) {
    const end = text.indexOf(NEWLINE, start) + 1 || text.length;
    yield { data: text.toString('utf8', start, end), binary: false };
    start = end;
  }
}

/** Events in protobuf. */
function* prefixed(bytes: Uint8Array): Generator<Message> {
  const frames = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let start = 0; start < frames.length; ) {
    const end = start + LENGTH + frames.readUInt32BE(start);
    yield { data: frames.subarray(start + LENGTH, end), binary: true };
    start = end;
  }
}
