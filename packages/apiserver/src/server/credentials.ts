/**
 * What a request over HTTPS says of who sends it: its connection's certificate, and its headers.
 */
import type { Credentials } from '../auth/identity.ts';
import type { RequestHeaders } from './exchange.ts';
import { extraFields, headerValues } from './identity-headers.ts';
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

/** Whom a front proxy speaks for (upstream: k8s.io/apiserver/pkg/authentication/request/headerrequest/requestheader.go). */
function proxiedUser(headers: RequestHeaders): Credentials['proxied'] {
  const [name] = headerValues(headers, 'x-remote-user');
  if (name === undefined) return undefined;
  const [uid] = headerValues(headers, 'x-remote-uid');
  const extra = extraFields(headers, 'x-remote-extra-');
  return {
    name,
    groups: headerValues(headers, 'x-remote-group'),
    ...(uid === undefined ? {} : { uid }),
    ...(extra.size === 0 ? {} : { extra: Object.fromEntries(extra) }),
  };
}
