/**
 * Requests that leave HTTP for a WebSocket: exec and attach
 * (upstream: staging/src/k8s.io/apiserver/pkg/util/proxy/{streamtranslator,translatinghandler}.go).
 *
 * Invariants: a socket is taken over only after its request was authenticated, authorized and found to be possible; what
 * fails before is answered over HTTP with a Status; what fails after goes over the error channel. SPDY is not spoken yet.
 */
import { type StatusError, statusErrors } from '@regatta/api';
import { type ApiCall, attributesOf, forbiddenMessage } from '../server/api-call.ts';
import { headerValue, type ServerRequest } from '../server/exchange.ts';
import type { UpgradeHandler } from '../server/https-server.ts';
import { statusErrorOf, statusResponse } from '../server/status-response.ts';
import type { UpgradeEnvironment } from './connect-environment.ts';
import { processRequest } from './pod-process.ts';

type RawSocket = Parameters<UpgradeHandler>[1];

const SUBRESOURCES: ReadonlySet<string> = new Set(['exec', 'attach']);

export function upgradeHandler(env: UpgradeEnvironment): UpgradeHandler {
  return (request, raw) => {
    raw.socket.on('error', () => raw.socket.destroy());
    void upgrade(env, request, raw).catch((error: unknown) => refuse(env, raw, error));
  };
}

async function upgrade(env: UpgradeEnvironment, request: ServerRequest, raw: RawSocket): Promise<void> {
  const call = await env.pipeline.admit(request);
  await leaveHttp(env, call, request, raw).catch((error: unknown) => {
    env.pipeline.refuseUpgrade(call, error);
    throw error;
  });
}

async function leaveHttp(
  env: UpgradeEnvironment,
  call: ApiCall,
  request: ServerRequest,
  raw: RawSocket,
): Promise<void> {
  const { info } = call;
  if (info.resource !== 'pods' || info.group !== '' || !SUBRESOURCES.has(info.subresource))
    throw statusErrors.genericNotFound();
  const isWebSocket = headerValue(request, 'upgrade')?.toLowerCase() === 'websocket';
  if (isWebSocket) authorizeCreate(env, call);
  const pod = env.pod(info.namespace, info.name);
  const wanted = processRequest(info, pod);
  if (pod.spec.nodeName) env.requireNode(pod.spec.nodeName);
  if (!isWebSocket) throw statusErrors.badRequest('unable to upgrade: only WebSocket is spoken here');
  const { serveWebSocket } = await import('./websocket.ts');
  env.pipeline.followUpgrade(call, raw.socket);
  await serveWebSocket(env, raw, pod, wanted);
}

/**
 * A WebSocket begins as GET; running something still takes the right to create
 * (upstream: feature AuthorizePodWebsocketUpgradeCreatePermission).
 */
function authorizeCreate(env: UpgradeEnvironment, { user, info }: ApiCall): void {
  const attributes = { ...attributesOf(user, info), verb: 'create' };
  const decision = env.pipeline.options.authorizer.authorize(attributes);
  if (decision.verdict !== 'allow')
    throw statusErrors.forbidden(info, info.name, forbiddenMessage(attributes, decision.reason));
}

function refuse(env: UpgradeEnvironment, { socket }: RawSocket, error: unknown): void {
  const known = statusErrorOf(error);
  if (known === undefined) env.logger.error('an upgrade failed', { error });
  const response = statusResponse(known ?? internal(error));
  const body = Buffer.concat(response.body);
  const head = [
    `HTTP/1.1 ${response.code} ${known?.reason || 'Error'}`,
    'Content-Type: application/json',
    'Cache-Control: no-cache, private',
    `Content-Length: ${body.length}`,
    'Connection: close',
  ];
  if (socket.writable) socket.end(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]));
}

function internal(error: unknown): StatusError {
  return statusErrors.internal(error instanceof Error ? error.message : String(error));
}
