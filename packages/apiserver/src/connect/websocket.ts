/**
 * A WebSocket with Kubernetes' channels on one side, a node's stream on the other. Loaded at the first exec.
 *
 * The frames are the same on both sides: a channel byte and bytes. v5 adds a message that closes standard input; v4 can't.
 * Both directions wait for each other: a reader that doesn't read stops the program that writes.
 */
import type { Pod } from '@regatta/api';
import { type BusStream, Channel } from '@regatta/bus';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import type { UpgradeHandler } from '../server/https-server.ts';
import { statusErrorOf } from '../server/status-response.ts';
import type { ConnectEnvironment } from './connect-environment.ts';
import { NodeRefusal, openNodeStream } from './node-stream.ts';
import type { ProcessRequest } from './pod-process.ts';

const PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'] as const;
/** Bytes of one message of a client. */
const MAX_PAYLOAD = 4 * 1024 * 1024;
const CLOSE_NORMAL = 1000;

const server = new WebSocketServer({
  noServer: true,
  perMessageDeflate: false,
  maxPayload: MAX_PAYLOAD,
  handleProtocols: (offered) => PROTOCOLS.find((protocol) => offered.has(protocol)) ?? false,
});

export async function serveWebSocket(
  env: ConnectEnvironment,
  { message, socket, head }: Parameters<UpgradeHandler>[1],
  pod: Pod,
  request: ProcessRequest,
): Promise<void> {
  const webSocket = await new Promise<WebSocket>((resolve) => server.handleUpgrade(message, socket, head, resolve));
  const gone = new AbortController();
  const queue = new MessageQueue(webSocket);
  webSocket.on('error', () => webSocket.terminate());
  webSocket.once('close', () => gone.abort(new Error('the client is gone')));
  try {
    const stream = await openNodeStream(env.bus, pod, request, gone.signal);
    gone.signal.addEventListener('abort', () => stream.abort('the client is gone'), { once: true });
    queue.passTo(stream);
    for await (const frame of stream.frames) await send(webSocket, frame);
  } catch (error) {
    if (gone.signal.aborted) return;
    env.logger.debug('a stream to a node failed', { pod: request.pod, error });
    await send(webSocket, errorFrame(error)).catch(() => {});
  }
  webSocket.resume();
  webSocket.close(CLOSE_NORMAL);
}

/** Messages of the client, in order. It is paused until the node is there, and while the node is busy with one. */
class MessageQueue {
  constructor(private readonly webSocket: WebSocket) {
    webSocket.pause();
  }

  passTo(stream: BusStream): void {
    const { webSocket } = this;
    webSocket.on('message', (data: RawData) => {
      const frame = bytesOf(data);
      if (frame.length === 0) return;
      webSocket.pause();
      stream.write(frame).then(
        () => webSocket.resume(),
        () => webSocket.terminate(),
      );
    });
    webSocket.resume();
  }
}

function bytesOf(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}

function send(webSocket: WebSocket, frame: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    webSocket.send(frame, { binary: true }, (error) => (error ? reject(error) : resolve()));
  });
}

/** What went wrong on the way to the node, as client-go's executor words it inside an apiserver. */
function errorFrame(error: unknown): Uint8Array {
  const message =
    error instanceof NodeRefusal
      ? `unable to upgrade connection: ${error.message}`
      : error instanceof Error
        ? error.message
        : String(error);
  const known = statusErrorOf(error)?.status;
  const status = known?.reason
    ? known
    : {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: `Internal error occurred: ${message}`,
        reason: 'InternalError',
        details: { causes: [{ message }] },
        code: 500,
      };
  return Buffer.concat([Buffer.from([Channel.error]), Buffer.from(JSON.stringify(status))]);
}
