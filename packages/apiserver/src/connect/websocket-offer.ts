/**
 * What a client that asks for a WebSocket can speak, and which of it is chosen
 * (upstream: staging/src/k8s.io/apimachinery/pkg/util/httpstream/wsstream/conn.go).
 */
import { isTokenProtocol } from '../auth/mod.ts';
import { headerValue, type ServerRequest } from '../server/exchange.ts';

export function isWebSocketRequest(request: ServerRequest): boolean {
  return headerValue(request, 'upgrade')?.toLowerCase() === 'websocket';
}

/** The sub-protocols that the client can speak, most wanted first; without the one that carries a browser's token. */
export function offeredProtocols(request: ServerRequest): string[] {
  const header = headerValue(request, 'sec-websocket-protocol') ?? '';
  return header
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && !isTokenProtocol(name));
}

/** The first that is known; '' when the client names none and the protocol without a name is spoken; undefined for none. */
export function negotiate(offered: readonly string[], known: readonly string[]): string | undefined {
  return offered.length === 0 ? known.find((name) => name === '') : offered.find((name) => known.includes(name));
}
