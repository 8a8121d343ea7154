/**
 * HTTP/1.1 requests, turned into exchanges of the pipeline.
 */
import type { IncomingMessage, ServerResponse as NodeResponse } from 'node:http';
import { compressed, joined, wantsGzip } from './compress.ts';
import { type FixedResponse, isStream, type ServerRequest, type ServerResponse, type StreamSink } from './exchange.ts';
import { readBody } from './node-body.ts';
import type { OpenStreams } from './open-streams.ts';
import type { Pipeline } from './pipeline.ts';
import type { TlsPeer } from './tls-peer.ts';

/** One request; its signal is only made when somebody asks for it. */
class Http1Request implements ServerRequest {
  readonly method: string;
  readonly url: string;
  readonly certificateRejected: boolean;
  readonly remoteAddress: string;
  #abort: AbortController | undefined;

  constructor(
    readonly message: IncomingMessage,
    readonly peer: TlsPeer,
    readonly onGone: (gone: () => void) => void,
  ) {
    this.method = message.method ?? 'GET';
    this.url = message.url ?? '/';
    this.certificateRejected = peer.rejected;
    this.remoteAddress = peer.remoteAddress;
  }

  get headers(): IncomingMessage['headers'] {
    return this.message.headers;
  }

  get credentials(): ServerRequest['credentials'] {
    const { authorization } = this.message.headers;
    const { certificate } = this.peer;
    return {
      ...(authorization === undefined ? {} : { authorization }),
      ...(certificate === undefined ? {} : { certificate }),
    };
  }

  body(): Promise<Uint8Array> | Uint8Array {
    return readBody(this.message, this.message.headers['content-length']);
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
      this.onGone(() => abort.abort());
    }
    return this.#abort;
  }
}

export function http1Request(message: IncomingMessage, peer: TlsPeer): ServerRequest {
  return new Http1Request(message, peer, (gone) => message.socket.once('close', gone));
}

/** Answers one request. Never throws. */
export function serveHttp1(
  pipeline: Pipeline,
  streams: OpenStreams,
  peer: TlsPeer,
  message: IncomingMessage,
  out: NodeResponse,
): void {
  const request = new Http1Request(message, peer, (gone) => out.once('close', gone));
  out.on('error', () => out.destroy());
  const answer = pipeline.handle(request);
  if (answer instanceof Promise) void answer.then((response) => send(request, response, out, streams));
  else send(request, answer, out, streams);
}

function send(request: Http1Request, response: ServerResponse, out: NodeResponse, streams: OpenStreams): void {
  if (out.destroyed) return;
  if (isStream(response)) {
    out.writeHead(response.code, response.headers);
    out.flushHeaders();
    out.once(
      'close',
      streams.add(() => request.end()),
    );
    void response.stream(new Http1Sink(out, request.signal)).then(
      () => out.end(),
      () => out.destroy(),
    );
    return;
  }
  const size = response.body.reduce((sum, part) => sum + part.length, 0);
  if (wantsGzip(request, response, size)) {
    void compressed(response).then(
      (packed) => sendFixed(request, packed, out),
      () => sendFixed(request, response, out),
    );
    return;
  }
  sendFixed(request, response, out);
}

function sendFixed(request: Http1Request, response: FixedResponse, out: NodeResponse): void {
  const body = joined(response.body);
  response.headers['content-length'] = String(body.length);
  // A body that was refused or not read would be taken for the next request.
  if (!request.message.complete && response.code >= 400) response.headers.connection = 'close';
  out.writeHead(response.code, response.headers);
  out.end(request.method === 'HEAD' ? undefined : body);
}

class Http1Sink implements StreamSink {
  constructor(
    readonly out: NodeResponse,
    readonly signal: AbortSignal,
  ) {}

  write(bytes: Uint8Array): boolean {
    return this.out.write(bytes);
  }

  drained(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.out.off('drain', done);
        this.out.off('close', done);
        resolve();
      };
      this.out.once('drain', done);
      this.out.once('close', done);
    });
  }
}
