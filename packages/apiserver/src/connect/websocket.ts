/**
 * WebSockets that speak one of Kubernetes' channel protocols
 * (upstream: staging/src/k8s.io/apimachinery/pkg/util/httpstream/wsstream).
 *
 * A message is a channel's number and bytes: binary, or as text with a digit and base64. Both directions wait: a message
 * is read when the one before was taken, and a sender waits until its message is on its way.
 */
import type { Duplex } from 'node:stream';
import { createWebSocketStream, type RawData, type WebSocket, WebSocketServer } from 'ws';
import type { ConnectEnvironment } from './connect-environment.ts';
import { heartbeat } from './heartbeat.ts';
import { answerRaw } from './raw-answer.ts';
import type { UpgradeSocket } from './upgrade-socket.ts';

/** Bytes of one message of a client. */
const MAX_PAYLOAD = 4 * 1024 * 1024;
export type Pinging = Pick<ConnectEnvironment, 'clock' | 'pingPeriod'>;

const CLOSE_NORMAL = 1000;
const DIGIT_0 = 48;

/** As golang.org/x/net/websocket refuses a handshake. */
export async function refuseProtocol({ socket }: UpgradeSocket): Promise<void> {
  await answerRaw(socket, { code: 403, headers: {}, body: [] });
}

export function acceptWebSocket(
  { clock, pingPeriod }: Pinging,
  raw: UpgradeSocket,
  protocol: string,
): Promise<WebSocket> {
  const { message, socket, head } = raw;
  const server = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: MAX_PAYLOAD });
  // The library takes no names that are no tokens, and `SPDY/3.1+portforward.k8s.io` is none.
  delete message.headers['sec-websocket-protocol'];
  if (protocol !== '') server.on('headers', (headers) => headers.push(`Sec-WebSocket-Protocol: ${protocol}`));
  return new Promise((resolve) =>
    server.handleUpgrade(message, socket, head, (webSocket) => {
      raw.taken();
      // From the first moment: a frame that is none may have come already, and an error that nobody hears ends the process.
      webSocket.on('error', () => webSocket.terminate());
      const gone = new AbortController();
      webSocket.once('close', () => gone.abort());
      heartbeat(clock, pingPeriod, gone.signal, () => {
        if (webSocket.readyState === webSocket.OPEN && !socket.writableNeedDrain) webSocket.ping();
      });
      resolve(webSocket);
    }),
  );
}

/** A connection inside a WebSocket's binary messages, and how to end it. */
export function tunnel(webSocket: WebSocket): Duplex {
  const duplex = createWebSocketStream(webSocket);
  duplex.once('finish', () => webSocket.close(CLOSE_NORMAL));
  return duplex;
}

export interface ChannelMessage {
  readonly channel: number;
  readonly bytes: Uint8Array;
}

export class ChannelSocket {
  readonly #gone = new AbortController();

  constructor(
    private readonly webSocket: WebSocket,
    private readonly encoding: 'binary' | 'base64',
  ) {
    webSocket.pause();
    webSocket.once('close', () => this.#gone.abort(new Error('the client is gone')));
  }

  /** Aborts when the client is gone. */
  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  /** Begins to read. The socket waits while `take` is busy; when that fails it is cut. */
  receive(take: (message: ChannelMessage) => Promise<void>): void {
    const { webSocket } = this;
    webSocket.on('message', (data: RawData) => {
      const message = this.#decode(bytesOf(data));
      if (message === undefined) return;
      webSocket.pause();
      take(message).then(
        () => webSocket.resume(),
        () => webSocket.terminate(),
      );
    });
    webSocket.resume();
  }

  /** Resolves when the message is on its way. @throws Error when the client is gone */
  send(channel: number, bytes: Uint8Array): Promise<void> {
    const binary = this.encoding === 'binary';
    const message = binary ? framed(channel, bytes) : `${channel}${Buffer.from(bytes).toString('base64')}`;
    return new Promise((resolve, reject) => {
      this.webSocket.send(message, { binary }, (error) => (error ? reject(error) : resolve()));
    });
  }

  close(): void {
    // A paused socket would not see the client's answer to the close.
    this.webSocket.resume();
    this.webSocket.close(CLOSE_NORMAL);
  }

  #decode(data: Buffer): ChannelMessage | undefined {
    const [first] = data;
    if (first === undefined) return undefined;
    const rest = data.subarray(1);
    if (this.encoding === 'binary') return { channel: first, bytes: rest };
    return { channel: first - DIGIT_0, bytes: Buffer.from(rest.toString('latin1'), 'base64') };
  }
}

function framed(channel: number, bytes: Uint8Array): Uint8Array {
  const message = new Uint8Array(bytes.length + 1);
  message[0] = channel;
  message.set(bytes, 1);
  return message;
}

function bytesOf(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return Buffer.isBuffer(data) ? data : Buffer.from(data);
}
