/**
 * HTTP/1.1 requests, turned into exchanges of the pipeline.
 */
import type { IncomingMessage, ServerResponse as NodeResponse } from 'node:http';
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
import { HttpLimits } from './limits.ts';
import type { OpenStreams } from './open-streams.ts';
import type { Pipeline } from './pipeline.ts';
import type { TlsPeer } from './tls-peer.ts';

const NOTHING = new Uint8Array(0);

/** One request; its signal is only made when somebody asks for it. */
class Http1Request implements ServerRequest {
  readonly method: string;
  readonly url: string;
  readonly certificateRejected: boolean;
  readonly remoteAddress: string;
  #abort: AbortController | undefined;
  #body: Promise<Uint8Array> | Uint8Array | undefined;

  constructor(
    readonly message: IncomingMessage,
    readonly peer: TlsPeer,
    readonly bodies: BodyReader | undefined,
    readonly connection: Connection | undefined,
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
    return credentialsOf(this.message.headers, this.peer);
  }

  body(hold?: HoldBytes): Promise<Uint8Array> | Uint8Array {
    this.#body ??= this.bodies?.read(this.message, this.message.headers['content-length'], hold) ?? NOTHING;
    return this.#body;
  }

  bodyStream(): IncomingMessage | undefined {
    const { 'content-length': length, 'transfer-encoding': encoding } = this.message.headers;
    return encoding === undefined && Number(length ?? 0) === 0 ? undefined : this.message;
  }

  isGone(): boolean {
    return this.message.socket.destroyed;
  }

  identified(user: string): void {
    if (this.connection) this.connection.user = user;
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

/** A request that asks for another protocol. It has no body. */
export function http1Request(message: IncomingMessage, peer: TlsPeer): ServerRequest {
  return new Http1Request(message, peer, undefined, undefined, (gone) => message.socket.once('close', gone));
}

/** What all connections of a server share. */
export interface HttpService {
  readonly pipeline: Pipeline;
  readonly streams: OpenStreams;
  readonly bodies: BodyReader;
  /** A reader that takes nothing for so long is let go, milliseconds. */
  readonly stalledWrites: number;
}

/**
 * Answers one request; never throws. Requests that were sent ahead wait until those before them are answered, as in Go's
 * server: a connection has one request under way.
 */
export function serveHttp1(
  service: HttpService,
  connection: Connection,
  message: IncomingMessage,
  out: NodeResponse,
): void {
  // Node gives an answer its socket when it is the next one to be sent.
  if (out.socket !== null) return answer(service, connection, message, out);
  connection.pipelined++;
  if (connection.pipelined > HttpLimits.pipelined) return connection.cut();
  out.once('socket', () => {
    connection.pipelined--;
    answer(service, connection, message, out);
  });
}

function answer(
  { pipeline, streams, bodies }: HttpService,
  connection: Connection,
  message: IncomingMessage,
  out: NodeResponse,
): void {
  const request = new Http1Request(message, connection.peer, bodies, connection, (gone) => out.once('close', gone));
  out.on('error', () => out.destroy());
  const found = pipeline.handle(request);
  if (found instanceof Promise) void found.then((response) => send(request, response, out, streams, connection));
  else send(request, found, out, streams, connection);
}

function send(
  request: Http1Request,
  response: ServerResponse,
  out: NodeResponse,
  streams: OpenStreams,
  connection: Connection,
): void {
  if (isStream(response)) {
    if (out.destroyed) return;
    out.writeHead(response.code, response.headers);
    out.flushHeaders();
    out.once('close', connection.open(response.patient === true));
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
  if (response.sent) {
    if (out.destroyed) return response.sent();
    out.once('close', response.sent);
  }
  if (out.destroyed) return;
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
