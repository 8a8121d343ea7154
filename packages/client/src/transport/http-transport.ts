/**
 * The API over HTTPS, as people and tools use it: JSON, keep-alive, a client certificate or a bearer token.
 *
 * Node's HTTP client is loaded with the first request: components that speak over the bus never pay for it.
 */
import type { IncomingMessage } from 'node:http';
import type { Agent, RequestOptions } from 'node:https';
import type { ApiResponse } from '@regatta/bus';
import { responseError } from '../responses.ts';
import { jsonCodec } from './json-codec.ts';
import type { RawWatchEvent, Transport, TransportRequest } from './transport.ts';
import { unanswered } from './unanswered.ts';

export interface HttpTransportOptions {
  /** `https://127.0.0.1:6443`; `http:` too, for a local proxy. */
  readonly url: string;
  /** PEM. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly token?: string;
  /** The name that the server's certificate must have, when it is not the URL's host. */
  readonly serverName?: string;
  /** Real milliseconds without a byte after which a request fails; 30 000 unless told. */
  readonly timeout?: number;
}

interface HttpClient {
  readonly request: typeof import('node:https').request;
  readonly agent: Agent;
}

const DEFAULT_TIMEOUT_MS = 30_000;
/** Connections of one client, as many as browsers' HTTP/1.1 would never need and servers easily bear. */
const MAX_SOCKETS = 64;
/** Bytes of one watch line: an object's limit is 3 MiB, and JSON escapes can double it. */
const MAX_LINE = 16 * 1024 * 1024;

export class HttpTransport implements Transport {
  readonly codec = jsonCodec;
  #client: Promise<HttpClient> | undefined;

  constructor(readonly options: HttpTransportOptions) {}

  async send(request: TransportRequest): Promise<ApiResponse> {
    try {
      const message = await this.#request(request, request.signal);
      return await whole(message);
    } catch (error) {
      request.signal?.throwIfAborted();
      throw unanswered(error);
    }
  }

  async watch(request: TransportRequest, signal: AbortSignal): Promise<AsyncIterable<RawWatchEvent>> {
    const message = await this.#request(request, signal).catch((error: unknown) => {
      signal.throwIfAborted();
      throw unanswered(error);
    });
    if (message.statusCode === 200) {
      // A watch may be silent for as long as it likes.
      message.socket.setTimeout(0);
      return watchEvents(message, signal);
    }
    throw await this.#refusal(message);
  }

  /**
   * A body of any length, as it comes, until the signal aborts.
   * @throws StatusError for a refusal; the iterable throws when the body is cut
   */
  async download(url: string, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const message = await this.#request({ method: 'GET', url, headers: {} }, signal).catch((error: unknown) => {
      throw unanswered(error);
    });
    if (message.statusCode === 200) return message;
    throw await this.#refusal(message);
  }

  /** The error of an answer that is none of what was asked for; when it is cut, that of no answer. */
  async #refusal(message: IncomingMessage): Promise<Error> {
    try {
      return responseError(this, await whole(message));
    } catch (error) {
      return unanswered(error);
    }
  }

  async close(): Promise<void> {
    (await this.#client)?.agent.destroy();
    this.#client = undefined;
  }

  async #request(
    { method, url, headers, body, as, timeout }: TransportRequest,
    signal?: AbortSignal,
  ): Promise<IncomingMessage> {
    this.#client ??= loadClient(this.options);
    const { request, agent } = await this.#client;
    const { ca, cert, key, token, serverName } = this.options;
    const options: RequestOptions = {
      method,
      agent,
      ca,
      cert,
      key,
      ...(serverName === undefined ? {} : { servername: serverName }),
      signal,
      headers: {
        ...headers,
        ...(body === undefined ? {} : { 'content-length': body.byteLength }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(as === undefined ? {} : { 'impersonate-user': as }),
      },
    };
    return await new Promise((resolve, reject) => {
      const sent = request(new URL(url, this.options.url), options, resolve);
      sent.on('error', reject);
      sent.setTimeout(timeout ?? this.options.timeout ?? DEFAULT_TIMEOUT_MS, () => {
        sent.destroy(new Error('the server did not answer in time'));
      });
      sent.end(body);
    });
  }
}

async function loadClient({ url }: HttpTransportOptions): Promise<HttpClient> {
  const options = { keepAlive: true, maxSockets: MAX_SOCKETS };
  if (url.startsWith('http:')) {
    const http = await import('node:http');
    return { request: http.request as HttpClient['request'], agent: new http.Agent(options) as Agent };
  }
  const https = await import('node:https');
  return { request: https.request, agent: new https.Agent(options) };
}

/** Reads an answer to its end. @throws the connection's error when it breaks before */
async function whole(message: IncomingMessage): Promise<ApiResponse> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return { code: message.statusCode ?? 0, headers: headersOf(message), body: Buffer.concat(chunks) };
}

function headersOf(message: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(message.headers)) if (value !== undefined) headers[name] = String(value);
  return headers;
}

async function* watchEvents(message: IncomingMessage, signal: AbortSignal): AsyncGenerator<RawWatchEvent, void, void> {
  try {
    for await (const line of lines(message)) yield JSON.parse(line) as RawWatchEvent;
  } catch (error) {
    if (!signal.aborted) throw unanswered(error);
  } finally {
    message.destroy();
  }
}

async function* lines(message: IncomingMessage): AsyncGenerator<string, void, void> {
  message.setEncoding('utf8');
  let rest = '';
  for await (const chunk of message) {
    const parts = (rest + (chunk as string)).split('\n');
    rest = parts.pop() ?? '';
    if (rest.length > MAX_LINE) throw new Error('a watch line is too long');
    for (const part of parts) if (part !== '') yield part;
  }
}
