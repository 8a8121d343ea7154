/**
 * What this server asks extension servers on its own behalf: whether they answer, and what they serve
 * (upstream: k8s.io/kube-aggregator/pkg/controllers/status/remote, pkg/apiserver/handler_discovery.go,
 * pkg/controllers/openapiv3).
 *
 * Invariants: a question ends by TIMEOUT, and an answer larger than MAX_ANSWER is refused.
 */
import type { IncomingMessage } from 'node:http';
import { StatusError } from '@regatta/api';
import type { Clock } from '@regatta/runtime';
import type { UserInfo } from '../auth/identity.ts';
import type { ProxyTarget } from '../connect/proxy/proxy-target.ts';
import { DialError } from '../dial/dialer.ts';
import { withUser } from './remote-user.ts';

/** Real milliseconds. */
export const TIMEOUT = 5000;
/** Bytes. */
export const MAX_ANSWER = 8 * 1024 * 1024;

const SUCCESS = { from: 200, below: 300 } as const;

/** No usable answer; the message is what Go's client says. */
export class ExtensionError extends Error {
  readonly code = 'extension';
}

export interface ExtensionAnswer {
  readonly contentType: string;
  readonly text: string;
}

export class ExtensionClient {
  readonly #clock: Clock;

  /** @param clock real time */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @throws ExtensionError */
  async get(target: ProxyTarget, path: string, user: UserInfo, accept: string): Promise<ExtensionAnswer> {
    const url = `https://${target.host}${path}`;
    const end = new AbortController();
    const timer = this.#clock.setTimer(TIMEOUT, () => end.abort());
    try {
      return await ask(target, { url, path, headers: withUser({ host: target.host, accept }, user) }, end.signal);
    } catch (error) {
      if (error instanceof ExtensionError) throw error;
      const why = end.signal.aborted ? 'context deadline exceeded' : reasonOf(error);
      throw new ExtensionError(`Get ${JSON.stringify(url)}: ${why}`, { cause: error });
    } finally {
      timer.cancel();
      // Nothing of the connection is used again.
      end.abort();
    }
  }
}

interface Question {
  readonly url: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[]>>;
}

async function ask(
  target: ProxyTarget,
  { url, path, headers }: Question,
  signal: AbortSignal,
): Promise<ExtensionAnswer> {
  const { request } = await import('node:http');
  const socket = await target.connect(signal);
  signal.addEventListener('abort', () => socket.destroy(), { once: true });
  if (signal.aborted) socket.destroy();
  const message = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = request({ path, headers, setHost: false, createConnection: () => socket }, resolve);
    outgoing.on('error', reject);
    outgoing.end();
  });
  const code = message.statusCode ?? 0;
  if (code < SUCCESS.from || code >= SUCCESS.below) throw new ExtensionError(`bad status from ${url}: ${code}`);
  return { contentType: message.headers['content-type'] ?? '', text: await read(message, url) };
}

async function read(message: IncomingMessage, url: string): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_ANSWER) throw new ExtensionError(`the answer of ${url} is larger than ${MAX_ANSWER} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function reasonOf(error: unknown): string {
  if (error instanceof DialError || error instanceof StatusError) return error.message;
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'ECONNRESET' ? 'EOF' : message;
}
