/**
 * The GET requests of probes and hooks, as Go's client makes them: over TLS without looking at certificates, following
 * redirects within the same host, with Go's words for what goes wrong (upstream: pkg/probe/http).
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { HTTPGetAction } from '@regatta/api';
import { NetworkError } from '../network/pod-network.ts';
import { type HandlerTarget, LONGEST_OUTPUT, resolvePort } from './handler-target.ts';

const MOST_REDIRECTS = 10;

/** As Go keeps it: the port stays also where it is the scheme's own. */
interface Address {
  readonly scheme: string;
  readonly host: string;
  readonly port: number;
  /** With its query. */
  readonly path: string;
}

export interface GetRequest {
  readonly address: Address;
  readonly headers: Readonly<Record<string, string>>;
}

export interface GetAnswer {
  readonly code: number;
  readonly body: string;
}

export type Dial = (host: string, port: number) => Promise<Duplex>;

/** No answer came. The message is Go's. */
export class GetError extends Error {
  constructor(
    message: string,
    /** An HTTP server answered where TLS was spoken. */
    readonly isPlainServer = false,
  ) {
    super(message);
    this.name = 'GetError';
  }
}

/** @throws HandlerError for a port that isn't there */
export function getRequest({ podIp, container }: HandlerTarget, action: HTTPGetAction, agent: string): GetRequest {
  const port = resolvePort(action.port, container);
  const host = action.host || podIp;
  const path = action.path?.startsWith('/') ? action.path : `/${action.path ?? ''}`;
  const scheme = (action.scheme ?? 'HTTP').toLowerCase();
  return { address: { scheme, host, port, path }, headers: headersOf(action, agent) };
}

function authority({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

export function formatAddress(address: Address): string {
  return `${address.scheme}://${authority(address)}${address.path}`;
}

/** Given ones win; a given but empty Accept or User-Agent means that none is sent. */
function headersOf({ httpHeaders = [] }: HTTPGetAction, agent: string): Record<string, string> {
  const headers = new Map([
    ['accept', { name: 'Accept', value: '*/*' }],
    ['user-agent', { name: 'User-Agent', value: agent }],
    ['connection', { name: 'Connection', value: 'close' }],
  ]);
  for (const { name, value } of httpHeaders) {
    const key = name.toLowerCase();
    if (value === '' && (key === 'accept' || key === 'user-agent')) headers.delete(key);
    else headers.set(key, { name, value });
  }
  return Object.fromEntries([...headers.values()].map(({ name, value }) => [name, value]));
}

/** Follows redirects that stay on the host; another one is the answer itself. @throws GetError */
export async function httpGet(dial: Dial, request: GetRequest, signal: AbortSignal): Promise<GetAnswer> {
  let { address } = request;
  for (let redirects = 0; ; redirects++) {
    const { code, location, body } = await getOnce(dial, address, request.headers, signal);
    const next = code >= 300 && code < 400 && location ? redirected(address, location) : undefined;
    if (next === undefined || next.host !== request.address.host) return { code, body };
    if (redirects >= MOST_REDIRECTS) throw new GetError(`Get "${formatAddress(next)}": stopped after 10 redirects`);
    address = next;
  }
}

function redirected(from: Address, location: string): Address | undefined {
  const url = URL.parse(location, formatAddress(from));
  if (url === null) return undefined;
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return { scheme: url.protocol.slice(0, -1), host, port, path: `${url.pathname}${url.search}` };
}

interface OneAnswer extends GetAnswer {
  readonly location: string | undefined;
}

async function getOnce(
  dial: Dial,
  address: Address,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<OneAnswer> {
  const { scheme, host, port } = address;
  let connection: Duplex | undefined;
  try {
    connection = await dial(host, port);
    const stream = scheme === 'https' ? await secured(connection, host, signal) : connection;
    return await exchange(stream, address, headers, signal);
  } catch (error) {
    throw new GetError(`Get "${formatAddress(address)}": ${goError(error, host, port)}`, isPlainAnswer(error));
  } finally {
    connection?.destroy();
  }
}

async function secured(connection: Duplex, host: string, signal: AbortSignal): Promise<Duplex> {
  const tls = await import('node:tls');
  return new Promise((resolve, reject) => {
    const isName = !/^[\d.]+$|:/.test(host);
    const socket = tls.connect({
      socket: connection,
      rejectUnauthorized: false,
      ...(isName ? { servername: host } : {}),
    });
    socket.once('error', reject);
    socket.once('secureConnect', () => resolve(socket));
    signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
  });
}

async function exchange(
  stream: Duplex,
  address: Address,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<OneAnswer> {
  const http = await import('node:http');
  return new Promise((resolve, reject) => {
    const outgoing = http.request({
      method: 'GET',
      path: address.path,
      headers: { Host: authority(address), ...headers },
      createConnection: () => likeSocket(stream),
      signal,
    });
    outgoing.once('error', reject);
    outgoing.once('response', (incoming) => {
      incoming.once('error', reject);
      bodyOf(incoming).then(
        (body) => resolve({ code: incoming.statusCode ?? 0, location: incoming.headers.location, body }),
        reject,
      );
    });
    outgoing.end();
  });
}

async function bodyOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of incoming) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= LONGEST_OUTPUT) break;
  }
  return Buffer.concat(chunks).subarray(0, LONGEST_OUTPUT).toString();
}

/** Node's client asks its sockets for things that a plain stream has not. */
function likeSocket(stream: Duplex): Duplex {
  const answer = (): Duplex => stream;
  for (const name of ['setTimeout', 'setNoDelay', 'setKeepAlive', 'ref', 'unref']) {
    if (!(name in stream)) Object.assign(stream, { [name]: answer });
  }
  return stream;
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connect: connection refused',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  ETIMEDOUT: 'i/o timeout',
  ECONNRESET: 'connect: connection reset by peer',
};

/** What Go's net package says of a connection that couldn't be made. */
export function dialError(error: unknown, host: string, port: number): string {
  if (!(error instanceof NetworkError)) return error instanceof Error ? error.message : String(error);
  if (error.code === 'ENOTFOUND') return `dial tcp: lookup ${host}: no such host`;
  return `dial tcp ${host}:${port}: ${WORDS[error.code] ?? error.message}`;
}

function goError(error: unknown, host: string, port: number): string {
  if (error instanceof NetworkError) return dialError(error, host, port);
  const code = codeOf(error);
  if (isPlainAnswer(error)) return 'http: server gave HTTP response to HTTPS client';
  if (code.startsWith('HPE_')) return 'net/http: HTTP/1.x transport connection broken: malformed HTTP response';
  if (code === 'ECONNRESET') return 'EOF';
  return error instanceof Error ? error.message : String(error);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** OpenSSL's way to say that the first bytes were no TLS record. */
function isPlainAnswer(error: unknown): boolean {
  return /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST/.test(codeOf(error));
}
