/**
 * Where a request carries a bearer token: its Authorization header, or, for browsers, which can't set one, a sub-protocol of
 * its WebSocket (upstream: k8s.io/apiserver/pkg/authentication/request/{bearertoken/bearertoken,websocket/protocol}.go).
 */
const PROTOCOL_PREFIX = 'base64url.bearer.authorization.k8s.io.';
const EXTRA_SPACE = 'the provided Authorization header contains extra space before the bearer token, and is ignored';

export type TokenFound =
  | { readonly token: string }
  /** What was given is not a token. */
  | 'malformed'
  /** Other schemes are not ours: upstream passes over them. */
  | undefined;

/** @param warn told of a token that is passed over */
export function headerToken(authorization: string, warn?: (message: string) => void): TokenFound {
  const [scheme = '', token, rest] = authorization.trim().split(' ');
  if (scheme.toLowerCase() !== 'bearer' || token === undefined) return undefined;
  if (token !== '') return { token };
  if (rest !== undefined) warn?.(EXTRA_SPACE);
  return undefined;
}

/** @param header Sec-WebSocket-Protocol */
export function protocolToken(header: string): TokenFound {
  const protocols = header.split(',').map((protocol) => protocol.trim());
  const tokens = protocols.filter(isTokenProtocol);
  const [only] = tokens;
  if (only === undefined) return undefined;
  // The one that is left is told back to the client; the token never is.
  if (tokens.length > 1 || protocols.length === 1) return 'malformed';
  const token = decoded(only.slice(PROTOCOL_PREFIX.length));
  if (token === undefined) return 'malformed';
  return token === '' ? undefined : { token };
}

export function isTokenProtocol(protocol: string): boolean {
  return protocol.startsWith(PROTOCOL_PREFIX);
}

/** Strictly: without padding, and UTF-8. */
function decoded(text: string): string | undefined {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(text, 'base64url'));
  } catch {
    return undefined; // no UTF-8
  }
}
