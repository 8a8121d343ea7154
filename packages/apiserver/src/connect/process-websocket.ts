/**
 * exec and attach over a WebSocket. Loaded at the first.
 *
 * v5 is spoken by the apiserver itself: it upgrades, then goes to the node, and what goes wrong there comes over the error
 * channel. The older protocols are the kubelet's: its refusal is the answer to the upgrade
 * (upstream: staging/src/k8s.io/kubelet/pkg/cri/streaming/remotecommand/websocket.go).
 */
import type { Pod } from '@regatta/api';
import { type BusStream, Channel, type ProcessRequest } from '@regatta/bus';
import type { ServerRequest } from '../server/exchange.ts';
import type { ConnectEnvironment } from './connect-environment.ts';
import { nodeOf, openNodeStream } from './node-stream.ts';
import { failureStatus, plainText } from './process-status.ts';
import type { UpgradeSocket } from './upgrade-socket.ts';
import { acceptWebSocket, type ChannelMessage, ChannelSocket, refuseProtocol } from './websocket.ts';
import { negotiate, offeredProtocols } from './websocket-offer.ts';

const V5 = 'v5.channel.k8s.io';
/** Without a name it is channel.k8s.io. */
const OLDER = ['', 'channel.k8s.io', 'base64.channel.k8s.io', 'v4.channel.k8s.io', 'v4.base64.channel.k8s.io'];
const NOTHING = new Uint8Array(0);

export async function serveProcessWebSocket(
  env: ConnectEnvironment,
  http: ServerRequest,
  raw: UpgradeSocket,
  pod: Pod,
  request: ProcessRequest,
): Promise<void> {
  const offered = offeredProtocols(http);
  const protocol = offered.includes(V5) ? V5 : negotiate(offered, OLDER);
  if (protocol === undefined) return refuseProtocol(raw);
  const gone = new AbortController();
  raw.socket.once('close', () => gone.abort(new Error('the client is gone')));
  const open = (): Promise<BusStream> => openNodeStream(env.bus, nodeOf(pod), request, gone.signal);
  // What this throws is the answer over HTTP.
  const early = protocol === V5 ? undefined : await open();
  const webSocket = await acceptWebSocket(env, raw, protocol);
  const client = new ProcessClient(
    new ChannelSocket(webSocket, protocol.includes('base64') ? 'base64' : 'binary'),
    protocol,
    request,
  );
  await client.greet();
  try {
    await client.carry(early ?? (await open()));
  } catch (error) {
    if (client.socket.signal.aborted) return;
    env.logger.debug('a stream to a node failed', { pod: request.pod, error });
    // A client that is gone need not be told.
    await client.status(failureStatus(error, request)).catch(() => {});
  }
  client.socket.close();
}

class ProcessClient {
  constructor(
    readonly socket: ChannelSocket,
    private readonly protocol: string,
    private readonly request: ProcessRequest,
  ) {}

  /** Tells the client that it is connected, on the first channel that it reads. */
  greet(): Promise<void> {
    const { stdout, stderr } = this.request;
    const channel = stdout ? Channel.stdout : stderr ? Channel.stderr : Channel.error;
    // A client that is gone is noticed when output is sent.
    return this.socket.send(channel, NOTHING).catch(() => {});
  }

  async carry(node: BusStream): Promise<void> {
    const abort = (): void => node.abort('the client is gone');
    this.socket.signal.addEventListener('abort', abort, { once: true });
    if (this.socket.signal.aborted) abort();
    this.socket.receive(async (message) => {
      if (this.#wanted(message)) await node.write(Buffer.concat([Buffer.from([message.channel]), message.bytes]));
    });
    for await (const frame of node.frames) {
      const [channel = 0] = frame;
      if (channel === Channel.error) await this.status(frame.subarray(1));
      else await this.socket.send(channel, frame.subarray(1));
    }
  }

  async status(status: Uint8Array): Promise<void> {
    if (this.protocol.startsWith('v')) return this.socket.send(Channel.error, status);
    const text = plainText(status);
    if (text !== undefined) await this.socket.send(Channel.error, Buffer.from(text));
  }

  #wanted({ channel, bytes }: ChannelMessage): boolean {
    const { stdin, tty } = this.request;
    if (channel === Channel.stdin) return stdin;
    if (channel === Channel.resize) return tty;
    return channel === Channel.close && this.protocol === V5 && stdin && bytes[0] === Channel.stdin;
  }
}
