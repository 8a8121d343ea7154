/**
 * A node on a bus that is not there: answers `open` with streams in memory.
 */
import {
  type BusConnection,
  BusError,
  type BusStream,
  decode,
  encode,
  type NodeRequest,
  type NodeResponse,
} from '@regatta/bus';
import { BoundedQueue } from '@regatta/runtime';

/** The node's side of one stream. */
export class FakeStream {
  readonly toApi = new BoundedQueue<Uint8Array>(1000);
  readonly fromApi = new BoundedQueue<Uint8Array>(1000);
  readonly #gone = new AbortController();

  constructor(private readonly takes: () => Promise<void>) {}

  #error: BusError | undefined;

  /** What was sent is still delivered; then the reader is told. */
  breaks(error: BusError): void {
    this.#error = error;
    this.toApi.end();
  }

  async *#frames(): AsyncGenerator<Uint8Array> {
    yield* this.toApi;
    if (this.#error) throw this.#error;
  }

  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  apiSide(): BusStream {
    return {
      frames: this.#frames(),
      write: async (frame) => {
        this.fromApi.push(frame);
        await this.takes();
      },
      end: async () => this.fromApi.end(),
      abort: (reason) => {
        if (this.#gone.signal.aborted) return;
        this.#gone.abort(new Error(reason));
        this.fromApi.end();
        this.toApi.end();
      },
      signal: this.#gone.signal,
    };
  }
}

export class FakeNode {
  readonly requests: { readonly service: string; readonly request: NodeRequest }[] = [];
  readonly streams: FakeStream[] = [];
  /** Resolves when the node has room for what the apiserver sends. */
  takes: () => Promise<void> = async () => {};
  response: NodeResponse | 'nobody' = { ok: true };
  /** Where the answer depends on the request. */
  answer: ((request: NodeRequest) => NodeResponse) | undefined;
  /** Called for each stream that is opened. */
  serve: (stream: FakeStream, request: NodeRequest) => void | Promise<void> = (stream) => stream.toApi.end();

  readonly bus: Pick<BusConnection, 'open'> = {
    open: async (service, bytes) => {
      const request = decode(bytes) as NodeRequest;
      this.requests.push({ service, request });
      if (this.response === 'nobody') throw new BusError('no-responders', 'nobody answers');
      const response = this.answer?.(request) ?? this.response;
      const stream = new FakeStream(() => this.takes());
      this.streams.push(stream);
      if (response.ok) void this.serve(stream, request);
      return { response: encode(response), stream: stream.apiSide() };
    },
  };
}
