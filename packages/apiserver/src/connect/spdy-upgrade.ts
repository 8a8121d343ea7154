/**
 * Upgrades of HTTP requests to SPDY/3.1: what both sides have to say first
 * (upstream: staging/src/k8s.io/apimachinery/pkg/util/httpstream/{httpstream.go,spdy/upgrade.go}).
 */
import type { Duplex } from 'node:stream';
import type { ServerRequest } from '../server/exchange.ts';
import { textResponse } from '../server/status-response.ts';
import { answerRaw } from './raw-answer.ts';
import type { UpgradeSocket } from './upgrade-socket.ts';

const PROTOCOL_HEADER = 'x-stream-protocol-version';

/** The first of the client's protocols that is known; undefined when the request was refused (400, 403). */
export async function negotiateStreams(
  request: ServerRequest,
  raw: UpgradeSocket,
  known: readonly string[],
): Promise<string | undefined> {
  const refuse = (code: number, text: string, headers: Record<string, string[]> = {}): Promise<void> =>
    answerRaw(raw.socket, textResponse(code, `${text}\n`, { 'x-content-type-options': 'nosniff', ...headers }));
  if (!String(request.headers['upgrade']).toLowerCase().includes('spdy/3.1')) {
    await refuse(400, 'unable to upgrade: missing upgrade headers in request');
    return undefined;
  }
  const offered = String(request.headers[PROTOCOL_HEADER] ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (offered.length === 0) {
    await refuse(400, 'unable to upgrade: X-Stream-Protocol-Version is required');
    return undefined;
  }
  const chosen = offered.find((name) => known.includes(name));
  if (chosen === undefined) {
    const lists = `client supports [${offered.join(' ')}], server accepts [${known.join(' ')}]`;
    const accepted = { 'x-accepted-stream-protocol-versions': [...known] };
    await refuse(403, `unable to upgrade: unable to negotiate protocol: ${lists}`, accepted);
  }
  return chosen;
}

/** Says yes. What came behind the request is put back, so that it is read first. */
export function acceptSpdy({ socket, head, taken }: UpgradeSocket, protocol: string): Duplex {
  taken();
  if (head.length > 0) socket.unshift(head);
  const lines = ['Connection: Upgrade', 'Upgrade: SPDY/3.1', `X-Stream-Protocol-Version: ${protocol}`];
  socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`);
  return socket;
}
