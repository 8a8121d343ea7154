/**
 * HTTP/2 streams, turned into exchanges of the pipeline.
 */
import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import { compressed, joined, wantsGzip } from './compress.ts';
import { type FixedResponse, isStream, type ServerRequest, type ServerResponse, type StreamSink } from './exchange.ts';
import { readBody } from './node-body.ts';
import type { OpenStreams } from './open-streams.ts';
import type { Pipeline } from './pipeline.ts';
import type { TlsPeer } from './tls-peer.ts';

class Http2Request implements ServerRequest {
  readonly method: string;
  readonly url: string;
  readonly certificateRejected: boolean;
  readonly remoteAddress: string;
  #abort: AbortController | undefined;

  constructor(
    readonly stream: ServerHttp2Stream,
    readonly headers: IncomingHttpHeaders,
    readonly peer: TlsPeer,
  ) {
    this.method = headers[':method'] ?? 'GET';
    this.url = headers[':path'] ?? '/';
    this.certificateRejected = peer.rejected;
    this.remoteAddress = peer.remoteAddress;
  }

  get credentials(): ServerRequest['credentials'] {
    const { authorization } = this.headers;
    const { certificate } = this.peer;
    return {
      ...(authorization === undefined ? {} : { authorization }),
      ...(certificate === undefined ? {} : { certificate }),
    };
  }

  body(): Promise<Uint8Array> | Uint8Array {
    return readBody(this.stream, this.stream.endAfterHeaders ? '0' : this.headers['content-length']);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Makes a streamed answer finish. */
  end(): void {
    this.#controller.abort();
  }

  get #controller(): AbortController {
    if (!this.#abort) {
      const abort = new AbortController();
      this.#abort = abort;
      this.stream.once('close', () => abort.abort());
    }
    return this.#abort;
  }
}

/** Serves every stream of a session. */
export function serveHttp2(pipeline: Pipeline, streams: OpenStreams, peer: TlsPeer, session: ServerHttp2Session): void {
  session.on('error', () => session.destroy());
  session.on('stream', (stream, headers) => {
    const request = new Http2Request(stream, headers, peer);
    stream.on('error', () => stream.close());
    const answer = pipeline.handle(request);
    if (answer instanceof Promise) void answer.then((response) => send(request, response, streams));
    else send(request, answer, streams);
  });
}

function send(request: Http2Request, response: ServerResponse, streams: OpenStreams): void {
  const { stream } = request;
  if (stream.destroyed) return;
  if (isStream(response)) {
    stream.respond({ ':status': response.code, ...response.headers });
    stream.once(
      'close',
      streams.add(() => request.end()),
    );
    void response.stream(new Http2Sink(stream, request.signal)).then(
      () => stream.end(),
      () => stream.close(),
    );
    return;
  }
  const size = response.body.reduce((sum, part) => sum + part.length, 0);
  if (wantsGzip(request, response, size)) {
    void compressed(response).then(
      (packed) => sendFixed(request, packed),
      () => sendFixed(request, response),
    );
    return;
  }
  sendFixed(request, response);
}

function sendFixed(request: Http2Request, response: FixedResponse): void {
  const { stream } = request;
  if (stream.destroyed) return;
  const body = joined(response.body);
  const head = { ':status': response.code, ...response.headers, 'content-length': String(body.length) };
  if (request.method === 'HEAD' || body.length === 0) {
    stream.respond(head, { endStream: true });
    return;
  }
  stream.respond(head);
  stream.end(body);
}

class Http2Sink implements StreamSink {
  constructor(
    readonly stream: ServerHttp2Stream,
    readonly signal: AbortSignal,
  ) {}

  write(bytes: Uint8Array): boolean {
    return this.stream.write(bytes);
  }

  drained(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.stream.off('drain', done);
        this.stream.off('close', done);
        resolve();
      };
      this.stream.once('drain', done);
      this.stream.once('close', done);
    });
  }
}
