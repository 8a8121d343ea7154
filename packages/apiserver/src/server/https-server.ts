/**
 * The API over TLS: HTTP/1.1 and HTTP/2 on one port, chosen by ALPN.
 *
 * A listener lets connections in a few at a time; TLS hands each to an HTTP/1.1 server that never listens itself, or to an HTTP/2 session: the
 * identity is read once, where the connection is made, and neither protocol pays for the other (ADR 0040).
 *
 * Owns: the listener and every open connection; `stop` ends them all.
 */
import { X509Certificate } from 'node:crypto';
import { createServer as createHttp1Server, type Server as Http1Server, type IncomingMessage } from 'node:http';
import { performServerHandshake } from 'node:http2';
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls';
import { type Clock, type Logger, yieldToEventLoop } from '@regatta/runtime';
import { AcceptGate, type AcceptLimits } from './accept-gate.ts';
import { BodyReader } from './body-reader.ts';
import { type Connection, type ConnectionLimits, Connections } from './connections.ts';
import type { ServerRequest } from './exchange.ts';
import { type HttpService, http1Request, serveHttp1 } from './http1.ts';
import { serveHttp2 } from './http2.ts';
import { endWith } from './last-words.ts';
import { HttpLimits } from './limits.ts';
import { OpenStreams } from './open-streams.ts';
import type { Pipeline } from './pipeline.ts';
import { type FrontProxies, tlsPeer } from './tls-peer.ts';

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
  /** The authority of front proxies, PEM, and the names that count. */
  readonly frontProxy?: { readonly ca: string; readonly names: readonly string[] };
  readonly upgrade?: UpgradeHandler;
  /** Other limits than HttpLimits, for tests. */
  readonly limits?: Partial<ConnectionLimits & AcceptLimits> & TimeLimits;
}

interface TimeLimits {
  readonly requestTimeout?: number;
  readonly headersTimeout?: number;
  readonly handshakeTimeout?: number;
}

/** How often Node looks for HTTP/1.1 requests that take too long, milliseconds. */
const TIMEOUT_CHECK = 1000;

export class HttpsServer {
  readonly #tcp: TcpServer;
  readonly #tls: TlsServer;
  readonly #http1: Http1Server;
  readonly #gate: AcceptGate;
  readonly #connections: Connections;
  readonly #service: HttpService;
  readonly #frontProxies: FrontProxies | undefined;
  readonly #bySocket = new WeakMap<Duplex, Connection>();

  constructor(readonly options: HttpsServerOptions) {
    const { pipeline, clock, limits, frontProxy } = options;
    this.#frontProxies = frontProxy && { authority: new X509Certificate(frontProxy.ca), names: frontProxy.names };
    this.#service = {
      pipeline,
      streams: new OpenStreams(),
      bodies: new BodyReader(clock, limits?.requestTimeout),
      stalledWrites: limits?.stalledWrites ?? HttpLimits.stalledWrites,
    };
    this.#connections = new Connections(clock, limits);
    this.#http1 = this.#createHttp1();
    this.#tls = this.#createTls();
    this.#gate = new AcceptGate((socket) => this.#tls.emit('connection', socket), limits);
    this.#tcp = createTcpServer(
      { pauseOnConnect: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: HttpLimits.tcpKeepAlive },
      (socket) => this.#gate.accept(socket),
    );
  }

  /** Connections whose handshake is done. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Resolves with the port once it is open. @throws the system's error, such as EADDRINUSE */
  listen(port: number, host?: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#tcp.once('error', reject);
      this.#tcp.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
        this.#tcp.off('error', reject);
        this.#tcp.on('error', (error) => this.options.logger.error('listener failed', { error }));
        resolve((this.#tcp.address() as AddressInfo).port);
      });
    });
  }

  /** Takes no more connections, ends streams, lets answers under way finish for a moment, then cuts what is left. */
  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#tcp.close(() => resolve()));
    this.#service.streams.endAll();
    await yieldToEventLoop();
    this.#http1.closeIdleConnections();
    this.#gate.close();
    for (const { session } of this.#connections) session?.close();
    const timer = this.options.clock.setTimer(HttpLimits.drain, () => this.#cut());
    await closed;
    timer.cancel();
    this.#connections.close();
    this.#http1.close();
  }

  #cut(): void {
    for (const connection of this.#connections) connection.cut();
  }

  #createTls(): TlsServer {
    const { key, certificate, clientCa, frontProxy, limits } = this.options;
    const tls = createTlsServer({
      key,
      cert: certificate,
      ca: frontProxy ? [clientCa, frontProxy.ca] : clientCa,
      requestCert: true,
      rejectUnauthorized: false,
      ALPNProtocols: ['h2', 'http/1.1'],
      minVersion: 'TLSv1.2',
      handshakeTimeout: limits?.handshakeTimeout ?? HttpLimits.handshakeTimeout,
    });
    tls.on('secureConnection', (socket) => this.#connected(socket));
    // Port scanners and clients that don't trust us end here; it is their error, and theirs to report.
    tls.on('tlsClientError', (_error, socket) => this.#gate.failed(socket));
    return tls;
  }

  #createHttp1(): Http1Server {
    const { limits } = this.options;
    const server = createHttp1Server(
      {
        keepAliveTimeout: HttpLimits.keepAlive,
        headersTimeout: limits?.headersTimeout ?? HttpLimits.headersTimeout,
        requestTimeout: HttpLimits.unreadTimeout,
        connectionsCheckingInterval: TIMEOUT_CHECK,
        maxHeaderSize: HttpLimits.headerBytes,
        noDelay: true,
      },
      (message, out) => {
        const connection = this.#bySocket.get(message.socket);
        if (connection) serveHttp1(this.#service, connection, message, out);
        else message.socket.destroy();
      },
    );
    server.on('upgrade', (message, socket, head) => this.#upgrade(message, socket, head));
    server.on('clientError', (error: NodeJS.ErrnoException, socket) => refuse(error.code, socket));
    // The check of header and request timeouts starts with this event, which a server that never listens lacks.
    server.emit('listening');
    return server;
  }

  #connected(socket: TLSSocket): void {
    this.#gate.done(socket);
    socket.on('error', () => socket.destroy());
    const connection = this.#connections.add(socket, tlsPeer(socket, this.#frontProxies));
    if (!connection) {
      socket.destroy();
      return;
    }
    if (socket.alpnProtocol !== 'h2') {
      this.#bySocket.set(socket, connection);
      this.#http1.emit('connection', socket);
      return;
    }
    const session = performServerHandshake(socket, {
      settings: { maxConcurrentStreams: HttpLimits.concurrentStreams, maxHeaderListSize: HttpLimits.headerBytes },
    });
    connection.session = session;
    session.setTimeout(HttpLimits.keepAlive, () => {
      if (this.#tcp.listening) session.close();
    });
    serveHttp2(this.#service, connection, session);
  }

  #upgrade(message: IncomingMessage, socket: Duplex, head: Buffer): void {
    const connection = this.#bySocket.get(socket);
    if (!connection || !this.options.upgrade) {
      endWith(socket, 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
      return;
    }
    // A terminal may stand still for as long as somebody looks at it.
    connection.open(true);
    this.options.upgrade(http1Request(message, connection.peer), { message, socket, head });
  }
}

/** What is no request: Go's server answers what it can't read, and closes in silence on who never comes to the point. */
function refuse(code: string | undefined, socket: Duplex): void {
  const status = code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request';
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT' || !socket.writable) {
    socket.destroy();
    return;
  }
  endWith(
    socket,
    `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n${status}`,
  );
}
