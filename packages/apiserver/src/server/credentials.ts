/**
 * What a request over HTTPS says of who sends it: its connection's certificate, and its headers.
 */
import type { Credentials } from '../auth/identity.ts';
import type { RequestHeaders } from './exchange.ts';
import type { TlsPeer } from './tls-peer.ts';

export function credentialsOf(headers: RequestHeaders, { certificate, isFrontProxy }: TlsPeer): Credentials {
  const { authorization } = headers;
  const protocols = headers['sec-websocket-protocol'];
  const proxied = isFrontProxy ? proxiedUser(headers) : undefined;
  return {
    ...(typeof authorization === 'string' ? { authorization } : {}),
    ...(certificate === undefined ? {} : { certificate }),
    ...(typeof protocols === 'string' && headers['upgrade'] !== undefined ? { webSocketProtocols: protocols } : {}),
    ...(proxied === undefined ? {} : { proxied }),
  };
}

const EXTRA = 'x-remote-extra-';

/** Whom a front proxy speaks for (upstream: k8s.io/apiserver/pkg/authentication/request/headerrequest/requestheader.go). */
function proxiedUser(headers: RequestHeaders): Credentials['proxied'] {
  const [name] = all(headers['x-remote-user']);
  if (name === undefined) return undefined;
  const [uid] = all(headers['x-remote-uid']);
  const extra = Object.keys(headers).filter((header) => header.startsWith(EXTRA));
  return {
    name,
    groups: all(headers['x-remote-group']),
    ...(uid === undefined ? {} : { uid }),
    ...(extra.length === 0
      ? {}
      : {
          extra: Object.fromEntries(
            extra.map((header) => [unescaped(header.slice(EXTRA.length)), all(headers[header])]),
          ),
        }),
  };
}

/** Node joins repeated headers with a comma; names of users and groups hold none. */
function all(value: string | string[] | undefined): string[] {
  if (value === undefined || value === '') return [];
  return Array.isArray(value) ? value : value.split(',').map((part) => part.trim());
}

/** A key that is not well escaped is taken as it is. */
function unescaped(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}
