/**
 * Calls of webhooks over HTTPS: by URL on the host's network, by Service through the Pod network
 * (upstream: staging/src/k8s.io/apiserver/pkg/util/webhook/{client,serviceresolver}.go).
 *
 * Owns nothing between calls. Invariants: a call ends by its timeout, and an answer larger than MAX_ANSWER is refused.
 */
import type { IncomingMessage } from 'node:http';
import type { RequestOptions } from 'node:https';
import { StatusError, type WebhookClientConfig } from '@regatta/api';
import type { Clock } from '@regatta/runtime';
import { type ProxyEnvironment, proxyTarget } from '../connect/proxy/proxy-target.ts';
import { DialError } from '../dial/dialer.ts';

/** Bytes. */
export const MAX_ANSWER = 8 * 1024 * 1024;
const HTTPS_PORT = 443;

/** A call that led to no usable answer; the message is what Go's client says. */
export class WebhookError extends Error {
  readonly code = 'webhook';
}

export interface WebhookCall {
  readonly config: WebhookClientConfig;
  readonly body: object;
  /** Real milliseconds. */
  readonly timeout: number;
  /** Appended to the URL, as upstream tells webhooks how long they have. */
  readonly query?: string;
}

/** What a service's connections need of the server; undefined without a bus. */
type Reach = Pick<ProxyEnvironment, 'service' | 'endpointSlices' | 'dialer' | 'random' | 'pod' | 'node'> | undefined;

export class WebhookClient {
  readonly #clock: Clock;
  readonly #reach: Reach;

  /** @param clock real time */
  constructor(clock: Clock, reach: Reach) {
    this.#clock = clock;
    this.#reach = reach;
  }

  /** The answer's JSON. @throws WebhookError */
  async call({ config, body, timeout, query = '' }: WebhookCall): Promise<unknown> {
    const url = `${urlOf(config)}${query}`;
    const end = new AbortController();
    const timer = this.#clock.setTimer(timeout, () => end.abort());
    try {
      const options = await this.#options(config, end.signal);
      return await ask(url, options, JSON.stringify(body), end.signal);
    } catch (error) {
      const why = end.signal.aborted ? 'context deadline exceeded' : reasonOf(error);
      throw error instanceof AnswerError
        ? new WebhookError(error.message)
        : new WebhookError(`Post ${JSON.stringify(url)}: ${why}`, { cause: error });
    } finally {
      timer.cancel();
    }
  }

  async #options({ caBundle, service }: WebhookClientConfig, signal: AbortSignal): Promise<RequestOptions> {
    const ca = caBundle ? { ca: Buffer.from(caBundle, 'base64') } : {};
    if (!service) return ca;
    if (!this.#reach) throw new DialError('services can only be reached over the bus');
    const { name, namespace, port = HTTPS_PORT } = service;
    const info = { resource: 'services', namespace, name: `https:${name}:${port}` };
    const target = proxyTarget(this.#reach, info as Parameters<typeof proxyTarget>[1]);
    const socket = await target.connect(signal);
    const servername = `${name}.${namespace}.svc`;
    const tls = await import('node:tls');
    return { createConnection: () => tls.connect({ socket, servername, ...ca }) };
  }
}

/** As messages show it. */
function urlOf({ url, service }: WebhookClientConfig): string {
  if (url !== undefined) return url;
  const { name = '', namespace = '', port = HTTPS_PORT, path = '' } = service ?? {};
  const slash = path.startsWith('/') ? path : `/${path}`;
  return `https://${name}.${namespace}.svc:${port}${slash}`;
}

/** An answer came, and can't be used. */
class AnswerError extends Error {
  readonly code = 'answer';
}

async function ask(url: string, options: RequestOptions, body: string, signal: AbortSignal): Promise<unknown> {
  const { request } = await import('node:https');
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, */*',
    'content-length': Buffer.byteLength(body),
  };
  const message = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = request(url, { ...options, method: 'POST', headers, signal }, resolve);
    outgoing.on('error', reject);
    outgoing.end(body);
  });
  const text = await read(message);
  const code = message.statusCode ?? 0;
  if (code < 200 || code > 299) throw new AnswerError(refusal(code));
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new AnswerError(`invalid character in webhook response: ${error instanceof Error ? error.message : ''}`);
  }
}

async function read(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_ANSWER) {
      message.destroy();
      throw new AnswerError(`the webhook's answer is larger than ${MAX_ANSWER} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** As client-go words an answer that is no object. */
function refusal(code: number): string {
  switch (code) {
    case 404:
      return 'the server could not find the requested resource';
    case 403:
      return 'forbidden';
    default:
      return `an error on the server ("unknown") has prevented the request from succeeding`;
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof StatusError || error instanceof DialError) return error.message;
  const {
    code = '',
    message = '',
    address,
    port,
  } = error as { code?: string; message?: string; address?: string; port?: number };
  if (code === 'ECONNREFUSED') return `dial tcp ${address}:${port}: connect: connection refused`;
  if (code === 'ENOTFOUND')
    return message.replace(/^getaddrinfo ENOTFOUND /, 'dial tcp: lookup ').concat(': no such host');
  if (code === 'ECONNRESET') return 'EOF';
  if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ALTNAME/.test(code))
    return `tls: failed to verify certificate: x509: ${message}`;
  return message;
}
