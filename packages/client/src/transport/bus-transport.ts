/**
 * The API over the bus: msgpack calls and streams to the apiservers' queue group.
 */
import {
  API_SERVICE,
  type ApiResponse,
  type BusConnection,
  BusError,
  type BusStream,
  decode,
  decodeAll,
  encode,
  MSGPACK,
} from '@regatta/bus';
import { responseError } from '../responses.ts';
import type { Codec, RawWatchEvent, Transport, TransportRequest } from './transport.ts';
import { unanswered } from './unanswered.ts';

const codec: Codec = { mediaType: MSGPACK, encode, decode };

export class BusTransport implements Transport {
  readonly codec = codec;

  constructor(readonly bus: BusConnection) {}

  async send({ as, signal, timeout, ...request }: TransportRequest): Promise<ApiResponse> {
    try {
      const response = await this.bus.call(API_SERVICE, encode(request), { as, signal, timeout });
      return decode(response) as ApiResponse;
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof BusError && error.code === 'overloaded') return busy(error);
      throw unanswered(error);
    }
  }

  async watch(
    { as, timeout, signal: _, ...request }: TransportRequest,
    signal: AbortSignal,
  ): Promise<AsyncIterable<RawWatchEvent>> {
    const { response, stream } = await this.#open(encode(request), { as, timeout, signal });
    const answer = decode(response) as ApiResponse;
    if (answer.code === 200) return watchEvents(stream, signal);
    stream.abort('refused');
    throw responseError(this, answer);
  }

  /** Closes the connection: a transport has one of its own. */
  close(): Promise<void> {
    return this.bus.close();
  }

  async #open(
    request: Uint8Array,
    options: { as: string | undefined; timeout: number | undefined; signal: AbortSignal },
  ): Promise<{ readonly response: Uint8Array; readonly stream: BusStream }> {
    try {
      return await this.bus.open(API_SERVICE, request, options);
    } catch (error) {
      options.signal.throwIfAborted();
      throw unanswered(error);
    }
  }
}

/** A server that takes no more calls answers as an HTTP server would that is too busy. */
function busy(error: BusError): ApiResponse {
  const headers = { 'content-type': MSGPACK, 'retry-after': '1' };
  return { code: 429, headers, body: encode(unanswered(error).status) };
}

/** A frame holds one or more [type, object] arrays, back to back. */
async function* watchEvents(stream: BusStream, signal: AbortSignal): AsyncGenerator<RawWatchEvent, void, void> {
  const stop = (): void => stream.abort('stopped');
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    for await (const frame of stream.frames) {
      for (const event of decodeAll(frame)) {
        const [type, object] = event as [string, unknown];
        yield { type, object };
      }
    }
  } catch (error) {
    if (!signal.aborted) throw unanswered(error);
  } finally {
    signal.removeEventListener('abort', stop);
    stream.abort('done');
  }
}
