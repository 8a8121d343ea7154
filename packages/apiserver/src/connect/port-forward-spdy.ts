/**
 * port-forward over SPDY frames, on an upgraded connection or inside a WebSocket. Loaded at the first.
 * (upstream: staging/src/k8s.io/kubelet/pkg/cri/streaming/portforward/httpstream.go,
 * staging/src/k8s.io/apiserver/pkg/util/proxy/streamtunnel.go)
 *
 * For each local connection the client opens two streams with the same request id: `error`, which carries one message or
 * nothing, and `data`, which ends in each direction by itself.
 */
import type { Duplex } from 'node:stream';
import type { BusStream } from '@regatta/bus';
import type { Clock, Timer } from '@regatta/runtime';
import type { ConnectEnvironment } from './connect-environment.ts';
import type { PodPorts } from './pod-ports.ts';
import type { SpdyHeaders } from './spdy/header-block.ts';
import { SpdyConnection } from './spdy/spdy-connection.ts';
import type { SpdyStream } from './spdy/spdy-stream.ts';

/** Real milliseconds until both streams of a pair must be there. */
const STREAM_CREATION_TIMEOUT = 30_000;

type Timing = Pick<ConnectEnvironment, 'clock' | 'pingPeriod'>;

interface Pair {
  data?: SpdyStream;
  error?: SpdyStream;
  readonly late: Timer;
}

/** Until the client or the Pod is gone. @throws SpdyError when the client does not keep to the protocol */
export async function servePortForward(duplex: Duplex, ports: PodPorts, { clock, pingPeriod }: Timing): Promise<void> {
  const pairs = new Map<string, Pair>();
  const connection = new SpdyConnection(duplex, {
    clock,
    pingPeriod,
    accepts: (headers) => portOf(headers) !== undefined && isKnownType(headers.get('streamtype')),
    onStream: (stream) => {
      const id = requestId(stream);
      const pair = pairs.get(id) ?? newPair(pairs, id, clock);
      if (!add(pair, stream)) return;
      pair.late.cancel();
      pairs.delete(id);
      if (pair.data && pair.error) void forward(pair.data, pair.error, ports);
    },
  });
  const close = (): void => connection.close();
  ports.signal.addEventListener('abort', close, { once: true });
  if (ports.signal.aborted) close();
  try {
    await connection.run();
  } finally {
    for (const { late } of pairs.values()) late.cancel();
  }
}

function newPair(pairs: Map<string, Pair>, id: string, clock: Clock): Pair {
  const late = clock.setTimer(STREAM_CREATION_TIMEOUT, () => {
    pairs.delete(id);
    void say(pair.error, `(request=${id}) timed out waiting for streams`);
    void pair.data?.reset().catch(() => {});
  });
  const pair: Pair = { late };
  pairs.set(id, pair);
  return pair;
}

/** Whether the pair is complete now. */
function add(pair: Pair, stream: SpdyStream): boolean {
  const type = stream.headers.get('streamtype') === 'data' ? 'data' : 'error';
  if (pair[type]) void say(pair.error, `error processing stream: ${type} stream already assigned`);
  else pair[type] = stream;
  return pair.data !== undefined && pair.error !== undefined;
}

/** Never rejects: a client that is gone need not be told. */
async function say(error: SpdyStream | undefined, text: string): Promise<void> {
  try {
    await error?.write(Buffer.from(text));
    await error?.end();
  } catch {
    await error?.reset().catch(() => {});
  }
}

/** One connection, from its opening to its end; never rejects. */
async function forward(data: SpdyStream, error: SpdyStream, ports: PodPorts): Promise<void> {
  const port = portOf(data.headers) ?? 0;
  try {
    const node = await ports.connect(port);
    await carry(data, node);
    await error.end();
  } catch (failure) {
    await say(error, failure instanceof Error ? failure.message : String(failure));
    await data.end().catch(() => {});
  }
}

/** Both directions until each has ended. A connection that the Pod resets is reset for the client. */
async function carry(data: SpdyStream, node: BusStream): Promise<void> {
  const abort = (): void => node.abort('the client is gone');
  data.signal.addEventListener('abort', abort, { once: true });
  if (data.signal.aborted) abort();
  const reset = (): Promise<void> => data.reset();
  await Promise.all([upload(data, node).catch(reset), download(data, node).catch(reset)]);
}

async function upload(data: SpdyStream, node: BusStream): Promise<void> {
  for await (const bytes of data.input) await node.write(bytes);
  if (!data.signal.aborted) await node.end();
}

async function download(data: SpdyStream, node: BusStream): Promise<void> {
  for await (const bytes of node.frames) await data.write(bytes);
  await data.end();
}

/** Undefined for what is no port. */
function portOf(headers: SpdyHeaders): number | undefined {
  const text = headers.get('port') ?? '';
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}

function isKnownType(type: string | undefined): boolean {
  return type === 'data' || type === 'error';
}

/** Clients that send no request id open the error stream first, and the data stream right after it. */
function requestId({ headers, id }: SpdyStream): string {
  return headers.get('requestid') || String(headers.get('streamtype') === 'error' ? id : id - 2);
}
