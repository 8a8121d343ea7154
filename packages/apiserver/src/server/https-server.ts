/**
 * The API over TLS: HTTP/1.1 and HTTP/2 on one port, chosen by ALPN.
 *
 * One TLS listener hands each connection to an HTTP/1.1 server that never listens itself, or to an HTTP/2 session: the
 * identity is read once, where the connection is made, and neither protocol pays for the other (ADR 0040).
 *
 * Owns: the listener and every open connection; `stop` ends them all.
 */
import { createServer as createHttp1Server, type Server as Http1Server, type IncomingMessage } from 'node:http';
import { performServerHandshake, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls';
import { type Clock, type Logger, yieldToEventLoop } from '@regatta/runtime';
import type { ServerRequest } from './exchange.ts';
import { http1Request, serveHttp1 } from './http1.ts';
import { serveHttp2 } from './http2.ts';
import { HttpLimits } from './limits.ts';
import { OpenStreams } from './open-streams.ts';
import type { Pipeline } from './pipeline.ts';
import { type TlsPeer, tlsPeer } from './tls-peer.ts';

/** Takes a connection that asked to be upgraded (exec, attach, port-forward). Owns the socket from then on. */
export type UpgradeHandler = (
  request: ServerRequest,
  raw: { readonly message: IncomingMessage; readonly socket: Duplex; readonly head: Buffer },
) => void;

export interface HttpsServerOptions {
  readonly pipeline: Pipeline;
  readonly logger: Logger;
  readonly clock: Clock;
  /** PEM */
  readonly key: string;
  readonly certificate: string;
  /** Authorities of client certificates, PEM. */
  readonly clientCa: string;
  readonly upgrade?: UpgradeHandler;
}

const NOBODY: TlsPeer = { rejected: false, remoteAddress: '' };

export class HttpsServer {
  readonly #tls: TlsServer;
  readonly #http1: Http1Server;
  readonly #sockets = new Set<TLSSocket>();
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #streams = new OpenStreams();
  readonly #peers = new WeakMap<Duplex, TlsPeer>();

  constructor(readonly options: HttpsServerOptions) {
    this.#http1 = this.#createHttp1();
    this.#tls = createTlsServer({
      key: options.key,
      cert: options.certificate,
      ca: options.clientCa,
      requestCert: true,
      rejectUnauthorized: false,
      ALPNProtocols: ['h2', 'http/1.1'],
      minVersion: 'TLSv1.2',
      handshakeTimeout: HttpLimits.handshakeTimeout,
      noDelay: true,
    });
    this.#tls.on('secureConnection', (socket) => this.#connected(socket));
    this.#tls.on('tlsClientError', () => {
      // Port scanners and clients that don't trust us end here; it is their error, and theirs to report.
    });
  }

  /** Resolves with the port once it is open. @throws the system's error, such as EADDRINUSE */
  listen(port: number, host?: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#tls.once('error', reject);
      this.#tls.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
        this.#tls.off('error', reject);
        this.#tls.on('error', (error) => this.options.logger.error('listener failed', { error }));
        resolve((this.#tls.address() as AddressInfo).port);
      });
    });
  }

  /** Takes no more connections, ends streams, lets answers under way finish for a moment, then cuts what is left. */
  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#tls.close(() => resolve()));
    this.#streams.endAll();
    await yieldToEventLoop();
    this.#http1.closeIdleConnections();
    for (const session of this.#sessions) session.close();
    const timer = this.options.clock.setTimer(HttpLimits.drain, () => this.#cut());
    await closed;
    timer.cancel();
    this.#http1.close();
  }

  #cut(): void {
    for (const session of this.#sessions) session.destroy();
    for (const socket of this.#sockets) socket.destroy();
  }

  #createHttp1(): Http1Server {
    const server = createHttp1Server(
      {
        keepAliveTimeout: HttpLimits.keepAlive,
        headersTimeout: HttpLimits.headersTimeout,
        requestTimeout: HttpLimits.requestTimeout,
        maxHeaderSize: HttpLimits.headerBytes,
        noDelay: true,
      },
      (message, out) =>
        serveHttp1(this.options.pipeline, this.#streams, this.#peers.get(message.socket) ?? NOBODY, message, out),
    );
    server.on('upgrade', (message, socket, head) => this.#upgrade(message, socket, head));
    server.on('clientError', (_error, socket) => {
      if (socket.writable)
        socket.end(
          'HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n400 Bad Request',
        );
      else socket.destroy();
    });
    // The check of header and request timeouts starts with this event, which a server that never listens lacks.
    server.emit('listening');
    return server;
  }

  #connected(socket: TLSSocket): void {
    const peer = tlsPeer(socket);
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    if (socket.alpnProtocol !== 'h2') {
      this.#peers.set(socket, peer);
      this.#http1.emit('connection', socket);
      return;
    }
    const session = performServerHandshake(socket, {
      settings: { maxConcurrentStreams: HttpLimits.concurrentStreams, maxHeaderListSize: HttpLimits.headerBytes },
    });
    this.#sessions.add(session);
    session.once('close', () => this.#sessions.delete(session));
    session.setTimeout(HttpLimits.keepAlive, () => {
      if (this.#tls.listening) session.close();
    });
    serveHttp2(this.options.pipeline, this.#streams, peer, session);
  }

  #upgrade(message: IncomingMessage, socket: Duplex, head: Buffer): void {
    const peer = this.#peers.get(socket) ?? NOBODY;
    if (this.options.upgrade) this.options.upgrade(http1Request(message, peer), { message, socket, head });
    else socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
  }
}
