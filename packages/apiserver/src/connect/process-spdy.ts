/**
 * exec and attach over SPDY, as client-go before 1.29 and other languages' clients speak it. Loaded at the first.
 * (upstream: staging/src/k8s.io/kubelet/pkg/cri/streaming/remotecommand/httpstream.go)
 *
 * The client opens one stream for each of error, stdin, stdout, stderr and resize that it asked for; when all are there,
 * bytes flow. v4 ends with a Status in JSON, v3 and before with plain text; before v3 terminals can't be resized.
 */
import type { Pod } from '@regatta/api';
import { type BusStream, Channel, type ProcessRequest } from '@regatta/bus';
import type { ServerRequest } from '../server/exchange.ts';
import type { ConnectEnvironment } from './connect-environment.ts';
import { nodeOf, openNodeStream } from './node-stream.ts';
import { failureStatus, plainText } from './process-status.ts';
import { SpdyConnection } from './spdy/spdy-connection.ts';
import type { SpdyStream } from './spdy/spdy-stream.ts';
import { acceptSpdy, negotiateStreams } from './spdy-upgrade.ts';
import type { UpgradeSocket } from './upgrade-socket.ts';

const PROTOCOLS = [
  'v5.channel.k8s.io',
  'v4.channel.k8s.io',
  'v3.channel.k8s.io',
  'v2.channel.k8s.io',
  'channel.k8s.io',
];
/** Real milliseconds until all streams must be there. */
const STREAM_CREATION_TIMEOUT = 30_000;
/** Characters of a terminal's size in JSON. */
const LONGEST_SIZE = 256;
const TYPES: ReadonlySet<string> = new Set(['error', 'stdin', 'stdout', 'stderr', 'resize']);
const STREAM_TYPE = 'streamtype';

export async function serveProcessSpdy(
  env: ConnectEnvironment,
  http: ServerRequest,
  raw: UpgradeSocket,
  pod: Pod,
  request: ProcessRequest,
): Promise<void> {
  const protocol = await negotiateStreams(http, raw, PROTOCOLS);
  if (protocol === undefined) return;
  const gone = new AbortController();
  raw.socket.once('close', () => gone.abort(new Error('the client is gone')));
  // What this throws is the answer over HTTP.
  const node = await openNodeStream(env.bus, nodeOf(pod), request, gone.signal);
  gone.signal.addEventListener('abort', () => node.abort('the client is gone'), { once: true });
  const wanted = wantedStreams(request, protocol);
  const streams = new Map<string, SpdyStream>();
  let begun = false;
  const session = new ProcessSession(streams, protocol, request);
  const connection = new SpdyConnection(acceptSpdy(raw, protocol), {
    clock: env.clock,
    pingPeriod: env.pingPeriod,
    // A client may open more than it asked for: what is not wanted is not used.
    accepts: (headers) => TYPES.has(headers.get(STREAM_TYPE) ?? '') && !streams.has(headers.get(STREAM_TYPE) ?? ''),
    onStream: (stream) => {
      streams.set(stream.headers.get(STREAM_TYPE) ?? '', stream);
      if (begun || ![...wanted].every((type) => streams.has(type))) return;
      begun = true;
      late.cancel();
      void session.carry(node).finally(() => connection.close());
    },
  });
  const late = env.clock.setTimer(STREAM_CREATION_TIMEOUT, () => connection.close());
  try {
    await connection.run();
  } finally {
    late.cancel();
    node.abort('the client is gone');
  }
}

function wantedStreams({ stdin, stdout, stderr, tty }: ProcessRequest, protocol: string): ReadonlySet<string> {
  const resizes = tty && protocol !== 'v2.channel.k8s.io' && protocol !== 'channel.k8s.io';
  const flags = { error: true, stdin, stdout, stderr, resize: resizes };
  return new Set(Object.entries(flags).flatMap(([name, asked]) => (asked ? [name] : [])));
}

class ProcessSession {
  constructor(
    private readonly streams: ReadonlyMap<string, SpdyStream>,
    private readonly protocol: string,
    private readonly request: ProcessRequest,
  ) {}

  /** Until the process has ended; never rejects. */
  async carry(node: BusStream): Promise<void> {
    // What breaks the input ends the frames below as well, or leaves a process that gets no more input.
    void this.#input(node).catch(() => {});
    try {
      for await (const frame of node.frames) await this.#output(frame);
    } catch (error) {
      await this.#status(failureStatus(error, this.request));
    }
    for (const stream of this.streams.values()) await stream.end();
  }

  async #output(frame: Uint8Array): Promise<void> {
    const [channel] = frame;
    const bytes = frame.subarray(1);
    if (channel === Channel.error) await this.#status(bytes);
    else await this.streams.get(channel === Channel.stderr ? 'stderr' : 'stdout')?.write(bytes);
  }

  async #status(status: Uint8Array): Promise<void> {
    const json = this.protocol.startsWith('v4') || this.protocol.startsWith('v5');
    const text = json ? status : plainText(status);
    if (text !== undefined) await this.streams.get('error')?.write(Buffer.from(text));
  }

  async #input(node: BusStream): Promise<void> {
    await Promise.all([
      this.#stdin(node, this.request.stdin ? this.streams.get('stdin') : undefined),
      this.#resizes(node, this.request.tty ? this.streams.get('resize') : undefined),
    ]);
  }

  async #stdin(node: BusStream, stream: SpdyStream | undefined): Promise<void> {
    if (stream === undefined) return;
    for await (const bytes of stream.input) await node.write(Buffer.concat([Uint8Array.of(Channel.stdin), bytes]));
    if (!node.signal.aborted) await node.write(Uint8Array.of(Channel.close, Channel.stdin));
  }

  /** Sizes are lines of JSON, which may come in pieces. */
  async #resizes(node: BusStream, stream: SpdyStream | undefined): Promise<void> {
    if (stream === undefined) return;
    let text = '';
    for await (const bytes of stream.input) {
      const lines = (text + Buffer.from(bytes).toString()).split('\n');
      text = (lines.pop() ?? '').slice(0, LONGEST_SIZE);
      const last = lines.at(-1);
      if (last) await node.write(Buffer.concat([Uint8Array.of(Channel.resize), Buffer.from(last)]));
    }
  }
}
