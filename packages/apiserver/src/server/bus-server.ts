/**
 * The API on the bus: the same pipeline, msgpack bodies, the caller proven by the subject (packages/bus api-protocol.ts).
 */
import {
  API_SERVICE,
  type ApiRequest,
  type ApiResponse,
  type BusConnection,
  type BusStream,
  decode,
  encode,
  type IncomingCall,
  MSGPACK,
  type Served,
} from '@regatta/bus';
import { wholeBody } from './body-reader.ts';
import type { BusWatchers } from './bus-watchers.ts';
import { joined } from './compress.ts';
import { isStream, type ServerRequest, type ServerResponse, type StreamResponse, type StreamSink } from './exchange.ts';
import type { Pipeline } from './pipeline.ts';
import type { PodTunnels } from './pod-tunnel.ts';

/** Calls in progress at once; callers beyond that are told `overloaded` and try again. */
const CONCURRENCY = 4096;
/** Of these, of one user: a node that floods the server takes no other's place. */
const PER_CALLER = 1024;
/** Bytes of one stream that wait for credit before its writer is asked to pause. */
const STREAM_WINDOW = 1024 * 1024;
const NOTHING = new Uint8Array(0);

/** What calls on the bus are answered with. */
export interface BusServer {
  readonly pipeline: Pipeline;
  readonly tunnels: PodTunnels;
  readonly watchers: BusWatchers;
}

export function serveBus(server: BusServer, bus: BusConnection): Served {
  return bus.serve(API_SERVICE, (call) => serveCall(server, call), {
    queue: 'apiserver',
    concurrency: CONCURRENCY,
    perCaller: PER_CALLER,
  });
}

async function serveCall({ pipeline, tunnels, watchers }: BusServer, call: IncomingCall): Promise<void> {
  const abort = new AbortController();
  const request = readRequest(call, abort.signal);
  if (!request) return call.fail('the request is not an ApiRequest');
  if (request.method === 'CONNECT') return tunnels.serve(call);
  const response = await pipeline.handle(request);
  if (isStream(response)) {
    const forget = watchers.add(call.caller);
    return streamAnswer(response, call, abort).finally(forget);
  }
  await call.reply(encode(answerOf(response, joined(response.body))));
}

function answerOf(response: ServerResponse, body: Uint8Array): ApiResponse {
  const headers = Object.fromEntries(
    Object.entries(response.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  );
  return { code: response.code, headers, body };
}

async function streamAnswer(response: StreamResponse, call: IncomingCall, abort: AbortController): Promise<void> {
  const stream = await call.accept(encode(answerOf(response, NOTHING)));
  stream.signal.addEventListener('abort', () => abort.abort(), { once: true });
  if (stream.signal.aborted) abort.abort();
  try {
    await response.stream(new BusSink(stream, abort.signal));
    await stream.end();
  } catch (error) {
    stream.abort(error instanceof Error ? error.message : String(error));
  }
}

/** Lets a little wait for credit before it asks the writer to pause. */
class BusSink implements StreamSink {
  #waiting = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(
    readonly stream: BusStream,
    readonly signal: AbortSignal,
  ) {}

  write(bytes: Uint8Array): boolean {
    this.#waiting += bytes.length;
    const settled = (): void => {
      this.#waiting -= bytes.length;
    };
    // A stream that broke aborts `signal`, which ends the writer.
    this.#last = this.stream.write(bytes).then(settled, settled);
    return this.#waiting < STREAM_WINDOW;
  }

  drained(): Promise<void> {
    return this.#last;
  }
}

function readRequest(call: IncomingCall, signal: AbortSignal): ServerRequest | undefined {
  const message = decoded(call.request);
  if (!isApiRequest(message)) return undefined;
  const { method, url, headers, body = NOTHING } = message;
  return {
    method,
    url,
    headers: { 'content-type': MSGPACK, accept: MSGPACK, ...headers },
    credentials: { busUser: call.caller },
    certificateRejected: false,
    remoteAddress: '',
    body: () => wholeBody(body),
    isGone: () => signal.aborted,
    signal,
  };
}

/** Undefined for what is not msgpack. */
function decoded(bytes: Uint8Array): unknown {
  try {
    return decode(bytes);
  } catch {
    return undefined;
  }
}

function isApiRequest(value: unknown): value is ApiRequest {
  if (typeof value !== 'object' || value === null) return false;
  const { method, url, headers, body } = value as Partial<Record<keyof ApiRequest, unknown>>;
  const bodyFits = body === undefined || body === null || body instanceof Uint8Array;
  return (
    typeof method === 'string' && typeof url === 'string' && typeof headers === 'object' && headers !== null && bodyFits
  );
}
