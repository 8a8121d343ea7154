/**
 * A request of one emulated program to another, as Go's http.Client with a timeout makes it.
 */
import { NetworkError } from '../../network/network-error.ts';
import { Deadline } from '../../programs/network/deadline.ts';
import { exchangeHttp } from '../../programs/network/http-client.ts';
import type { ProcessContext } from '../../runtime/process/process-context.ts';

const TIMEOUT_MS = 5_000;
const LONGEST_BODY = 1024 * 1024;

/** The body of an answer. @throws NetworkError */
export async function httpGet(process: ProcessContext, url: string): Promise<string> {
  const deadline = new Deadline(process, TIMEOUT_MS);
  try {
    const target = new URL(url);
    const reply = await exchangeHttp(process, {
      url: target,
      method: 'GET',
      headers: [
        ['Host', target.host],
        ['User-Agent', 'Go-http-client/1.1'],
      ],
      tls: { verify: false },
      connectTimeout: TIMEOUT_MS,
      signal: deadline.signal,
    });
    let body = '';
    for await (const chunk of reply.body) {
      body += Buffer.from(chunk).toString();
      if (body.length > LONGEST_BODY) break;
    }
    reply.close();
    return body;
  } finally {
    deadline.cancel();
  }
}

const GO_WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connect: connection refused',
  EHOSTUNREACH: 'connect: no route to host',
  ETIMEDOUT: 'i/o timeout',
  ENOTFOUND: 'no such host',
  ECONNRESET: 'read: connection reset by peer',
};

/** An error as Go tells it: `dial tcp 10.0.0.1:80: connect: connection refused`. */
export function goError(error: unknown, network: string, address: string): string {
  if (!(error instanceof NetworkError)) return error instanceof Error ? error.message : String(error);
  if (error.code === 'ENOTFOUND') return `lookup ${address.replace(/:\d+$/, '')}: no such host`;
  return `dial ${network} ${address}: ${GO_WORDS[error.code] ?? error.message}`;
}
