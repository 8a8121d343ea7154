/**
 * Proxied connections that change to another protocol: what the server behind answers goes to the client as it is, then
 * bytes both ways (upstream: tryUpgrade in staging/src/k8s.io/apimachinery/pkg/util/proxy/upgradeaware.go). Loaded at the
 * first.
 */

import { type StatusError, statusErrors } from '@regatta/api';
import { joinConnections } from '@regatta/bus';
import type { ApiCall } from '../../server/api-call.ts';
import type { ConnectEnvironment } from '../connect-environment.ts';
import { answerRaw } from '../raw-answer.ts';
import type { UpgradeSocket } from '../upgrade-socket.ts';
import { askBackend, type BackendRequest } from './backend.ts';
import { forwardedHeaders, returnedHeaders } from './proxy-headers.ts';
import { proxyLocation } from './proxy-location.ts';
import { type ProxyTarget, proxyTarget } from './proxy-target.ts';

/** Until one side is gone. @throws StatusError when there is no connection to be had */
export async function proxyUpgrade(env: ConnectEnvironment, call: ApiCall, raw: UpgradeSocket): Promise<void> {
  const { info, request } = call;
  const location = proxyLocation(request.url, info.namespace !== '');
  const headers = forwardedHeaders(request, `${location.prefix}${location.path}`);
  const path = `${location.path || '/'}${location.query}`;
  await joinBackend(proxyTarget(env.proxy, info), { path, headers }, call, raw);
}

/** Sends the request on with these headers and joins both connections. @throws StatusError */
export async function joinBackend(
  target: ProxyTarget,
  { path, headers }: Pick<BackendRequest, 'path' | 'headers'>,
  { request }: ApiCall,
  { message, socket, head, taken }: UpgradeSocket,
): Promise<void> {
  const upgrading = { ...headers, connection: 'Upgrade', upgrade: message.headers.upgrade ?? '' };
  const outgoing = { method: request.method, path, headers: upgrading };
  const answer = await askBackend(target, outgoing, (out) => out.end(), request.signal);
  const code = answer.message.statusCode ?? 0;
  if (answer.upgraded === undefined) {
    if (code < 400) throw invalid(code);
    const stream = { code, headers: returnedHeaders(answer.message.headers), body: [await whole(answer.message)] };
    return answerRaw(socket, stream);
  }
  taken();
  socket.write(switching(answer.message.rawHeaders));
  if (head.length > 0) socket.unshift(head);
  const backend = answer.upgraded.socket;
  if (answer.upgraded.head.length > 0) backend.unshift(answer.upgraded.head);
  await joinConnections(socket, backend);
}

function invalid(code: number): StatusError {
  return statusErrors.unknown(`invalid upgrade response: status code ${code}`);
}

/** A refusal's body, as far as anybody reads it. */
async function whole(message: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const bytes of message) {
    chunks.push(bytes);
    size += bytes.length;
    if (size > LARGEST_REFUSAL) break;
  }
  return Buffer.concat(chunks);
}

const LARGEST_REFUSAL = 64 * 1024;

function switching(rawHeaders: readonly string[]): string {
  const lines = ['HTTP/1.1 101 Switching Protocols'];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}
