/**
 * An HTTP/1.1 exchange of an emulated program: a name is resolved, a connection made, TLS spoken where the URL says so.
 *
 * Invariants: timeouts are real time; whatever happens, the connection is closed when the exchange is over or the
 * process is killed; the body is a stream, read as fast as its reader wants.
 */
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { NetworkError, type Peer } from '../../network/network-error.ts';
import { asSocket } from '../../network/socket-like.ts';
import type { NetworkProcess } from './network-process.ts';

export interface TlsOptions {
  readonly verify: boolean;
  /** PEM; the image's own authorities are none. */
  readonly ca?: Uint8Array;
  readonly certificate?: Uint8Array;
  readonly key?: Uint8Array;
}

export interface HttpExchange {
  readonly url: URL;
  readonly method: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body?: Uint8Array;
  readonly tls: TlsOptions;
  /** Real milliseconds for name, connection and handshake. */
  readonly connectTimeout: number;
  /** Addresses to use in place of those of names, by `host:port`. */
  readonly addresses?: ReadonlyMap<string, string>;
  /** Called with what happens, for programs that tell. */
  readonly onResolved?: (peer: Peer) => void | Promise<void>;
  readonly onConnected?: (peer: Peer) => void | Promise<void>;
  /** Ends everything. */
  readonly signal: AbortSignal;
}

export interface HttpReply {
  readonly status: number;
  readonly reason: string;
  readonly version: string;
  /** Names as the server wrote them. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: AsyncIterable<Uint8Array>;
  readonly peer: Peer;
  header(name: string): string | undefined;
  close(): void;
}

/** The server's certificate is not to be trusted, or TLS failed. */
export class TlsError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = 'TlsError';
  }
}

/** @throws NetworkError, TlsError */
export async function exchangeHttp(process: NetworkProcess, exchange: HttpExchange): Promise<HttpReply> {
  const { url } = exchange;
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
  const timed = new AbortController();
  const timer = process.clock.real.setTimer(exchange.connectTimeout, () => timed.abort());
  const signal = AbortSignal.any([timed.signal, exchange.signal]);
  try {
    const peer = { ip: await addressOf(process, exchange, port, signal), port };
    await exchange.onResolved?.(peer);
    const plain = await abortable(process.network.connect(process.ip, peer), signal, (late) => late.destroy());
    await exchange.onConnected?.(peer);
    const stream = url.protocol === 'https:' ? await secure(plain, peer, exchange, signal) : plain;
    return await talk(stream, peer, exchange);
  } finally {
    timer.cancel();
  }
}

async function addressOf(
  process: NetworkProcess,
  { url, addresses }: HttpExchange,
  port: number,
  signal: AbortSignal,
): Promise<string> {
  const given = addresses?.get(`${url.hostname}:${port}`);
  if (given !== undefined) return given;
  const found = await abortable(process.resolver.lookup(url.hostname, signal), signal);
  return found[0] ?? '';
}

/** Rejects with ETIMEDOUT when the signal aborts first. */
function abortable<T>(work: Promise<T>, signal: AbortSignal, undo?: (late: T) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      reject(new NetworkError('ETIMEDOUT', 'Connection timed out'));
      if (undo) work.then(undo, () => {});
    };
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

async function secure(plain: Duplex, peer: Peer, { url, tls }: HttpExchange, signal: AbortSignal): Promise<TLSSocket> {
  const { connect } = await import('node:tls');
  const shake = new Promise<TLSSocket>((resolve, reject) => {
    const socket = connect({
      socket: asSocket(plain, peer),
      rejectUnauthorized: tls.verify,
      ALPNProtocols: ['http/1.1'],
      ...(/^[\d.]+$/.test(url.hostname) ? { host: url.hostname } : { servername: url.hostname }),
      ca: tls.ca === undefined ? [] : [Buffer.from(tls.ca)],
      ...(tls.certificate === undefined ? {} : { cert: Buffer.from(tls.certificate) }),
      ...(tls.key === undefined ? {} : { key: Buffer.from(tls.key) }),
    });
    socket.once('secureConnect', () => resolve(socket));
    socket.once('error', (error: Error & { code?: string }) => {
      plain.destroy();
      reject(error instanceof NetworkError ? error : new TlsError(error.code ?? '', error.message));
    });
  });
  return abortable(shake, signal, (late) => late.destroy());
}

async function talk(stream: Duplex, peer: Peer, exchange: HttpExchange): Promise<HttpReply> {
  const http = await import('node:http');
  const { url, signal } = exchange;
  const end = (): void => void stream.destroy();
  if (signal.aborted) end();
  signal.addEventListener('abort', end, { once: true });
  stream.once('close', () => signal.removeEventListener('abort', end));
  return new Promise((resolve, reject) => {
    const outgoing = http.request({
      method: exchange.method,
      path: url.pathname + url.search,
      setHost: false,
      createConnection: () => asSocket(stream, peer),
    });
    outgoing.removeHeader('connection');
    for (const [name, value] of exchange.headers) outgoing.appendHeader(name, value);
    // Node's client does not look whether the connection it is given is broken already.
    const broken = (): void => reject(lost(stream.errored ?? new Error('socket hang up'), signal));
    if (stream.destroyed) broken();
    stream.once('close', broken);
    outgoing.once('error', (error) => reject(lost(error, signal)));
    outgoing.once('response', (incoming) => resolve(reply(incoming, outgoing, stream, peer)));
    outgoing.end(exchange.body);
  });
}

function lost(error: Error, signal: AbortSignal): Error {
  if (signal.aborted) return new NetworkError('ETIMEDOUT', 'Operation timed out');
  if (error instanceof NetworkError) return error;
  return new NetworkError('ECONNRESET', error.message === 'socket hang up' ? 'Empty reply from server' : error.message);
}

function reply(incoming: IncomingMessage, outgoing: ClientRequest, stream: Duplex, peer: Peer): HttpReply {
  const { rawHeaders } = incoming;
  const headers = Array.from({ length: rawHeaders.length / 2 }, (_, i): [string, string] => [
    rawHeaders[2 * i] ?? '',
    rawHeaders[2 * i + 1] ?? '',
  ]);
  return {
    status: incoming.statusCode ?? 0,
    reason: incoming.statusMessage ?? '',
    version: incoming.httpVersion,
    headers,
    body: incoming,
    peer,
    header: (name) => headers.find(([own]) => own.toLowerCase() === name)?.[1],
    close: () => {
      outgoing.destroy();
      stream.destroy();
    },
  };
}
