/**
 * HTTP/2 streams, turned into exchanges of the pipeline.
 */

import { constants, type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { BodyReader } from './body-reader.ts';
import { compressed, joined, wantsGzip } from './compress.ts';
import type { Connection } from './connections.ts';
import { credentialsOf } from './credentials.ts';
import {
  type FixedResponse,
  type HoldBytes,
  isStream,
  type ServerRequest,
  type ServerResponse,
  type StreamSink,
} from './exchange.ts';
import type { HttpService } from './http1.ts';

class Http2Request implements ServerRequest {
  readonly method: string;
  readonly url: string;
  readonly certificateRejected: boolean;
  readonly remoteAddress: string;
  #abort: AbortController | undefined;
  #body: Promise<Uint8Array> | Uint8Array | undefined;

  constructor(
    readonly stream: ServerHttp2Stream,
    readonly headers: IncomingHttpHeaders,
    readonly connection: Connection,
    readonly bodies: BodyReader,
  ) {
    const { peer } = connection;
    this.method = headers[':method'] ?? 'GET';
    this.url = headers[':path'] ?? '/';
    this.certificateRejected = peer.rejected;
    this.remoteAddress = peer.remoteAddress;
  }

  get credentials(): ServerRequest['credentials'] {
    return credentialsOf(this.headers, this.connection.peer);
  }

  body(hold?: HoldBytes): Promise<Uint8Array> | Uint8Array {
    const length = this.stream.endAfterHeaders ? '0' : this.headers['content-length'];
    this.#body ??= this.bodies.read(this.stream, length, hold);
    return this.#body;
  }

  bodyStream(): ServerHttp2Stream | undefined {
    return this.stream.endAfterHeaders ? undefined : this.stream;
  }

  isGone(): boolean {
    return this.stream.destroyed || this.stream.closed;
  }

  identified(user: string): void {
    this.connection.user = user;
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
export function serveHttp2(service: HttpService, connection: Connection, session: ServerHttp2Session): void {
  session.on('error', () => session.destroy());
  session.on('stream', (stream, headers) => {
    const request = new Http2Request(stream, headers, connection, service.bodies);
    stream.on('error', () => stream.close());
    const answer = service.pipeline.handle(request);
    if (answer instanceof Promise) {
      void answer.then((response) => send(request, response, service, connection));
    } else send(request, answer, service, connection);
  });
}

function send(request: Http2Request, response: ServerResponse, service: HttpService, connection: Connection): void {
  const { stream } = request;
  if (isStream(response)) {
    if (stream.destroyed) return;
    stream.respond({ ':status': response.code, ...response.headers });
    stream.once('close', connection.open(response.patient === true));
    stream.once(
      'close',
      service.streams.add(() => request.end()),
    );
    void response.stream(new Http2Sink(stream, request.signal)).then(
      () => stream.end(),
      () => stream.close(constants.NGHTTP2_INTERNAL_ERROR),
    );
    return;
  }
  if (response.sent) {
    if (stream.destroyed) return response.sent();
    stream.once('close', response.sent);
  }
  if (stream.destroyed) return;
  const size = response.body.reduce((sum, part) => sum + part.length, 0);
  if (wantsGzip(request, response, size)) {
    void compressed(response).then(
      (packed) => sendFixed(request, packed, service),
      () => sendFixed(request, response, service),
    );
    return;
  }
  sendFixed(request, response, service);
}

function sendFixed(request: Http2Request, response: FixedResponse, service: HttpService): void {
  const { stream } = request;
  if (stream.destroyed) return;
  const body = joined(response.body);
  // A reader that never opens its window must not hold the answer for ever.
  stream.setTimeout(service.stalledWrites, () => stream.close(constants.NGHTTP2_CANCEL));
  // A body that was refused half-way is not wanted any more.
  if (response.code >= 400 && !stream.readableEnded && !stream.endAfterHeaders) {
    stream.once('finish', () => stream.close(constants.NGHTTP2_NO_ERROR));
  }
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
