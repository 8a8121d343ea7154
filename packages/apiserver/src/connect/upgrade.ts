/**
 * Requests that leave HTTP: exec, attach, port-forward, logs and watches over a WebSocket, and proxied connections
 * (upstream: pkg/registry/core/pod/rest/subresources.go; staging/src/k8s.io/apimachinery/pkg/util/proxy/upgradeaware.go).
 *
 * Invariants: a socket is taken over only after its request was authenticated, authorized and found to be possible; what
 * fails before is answered over HTTP with a Status. A request for what does not leave HTTP is answered as if it had not
 * asked. Every stream holds a place, and gives it back.
 */
import { type StatusError, statusErrors } from '@regatta/api';
import { headersFor, remoteOf, targetOf } from '../aggregation/mod.ts';
import type { ApiCall } from '../server/api-call.ts';
import { isStream, type ServerRequest } from '../server/exchange.ts';
import type { UpgradeHandler } from '../server/https-server.ts';
import { requestInfo } from '../server/request-info.ts';
import { statusErrorOf, statusResponse, textResponse } from '../server/status-response.ts';
import { admitConnect } from './connect-admission.ts';
import type { UpgradeEnvironment } from './connect-environment.ts';
import { requireCreate } from './create-permission.ts';
import { NodeRefusal, NodeUnreachable } from './node-stream.ts';
import { portForwardRequest, processRequest, requireStreams } from './pod-process.ts';
import { answerRaw } from './raw-answer.ts';
import type { RawSocket, UpgradeSocket } from './upgrade-socket.ts';
import { isWebSocketRequest } from './websocket-offer.ts';

type Upgrade = (env: UpgradeEnvironment, call: ApiCall, raw: UpgradeSocket) => Promise<void>;

const UPGRADES: ReadonlyMap<string, Upgrade> = new Map<string, Upgrade>([
  ['pods/exec', upgradeProcess],
  ['pods/attach', upgradeProcess],
  ['pods/portforward', upgradePortForward],
  ['pods/proxy', upgradeProxy],
  ['services/proxy', upgradeProxy],
  ['nodes/proxy', upgradeProxy],
]);

export function upgradeHandler(env: UpgradeEnvironment): UpgradeHandler {
  return (request, raw) => {
    raw.socket.on('error', () => raw.socket.destroy());
    void upgrade(env, request, raw).catch((error: unknown) => refuse(env, raw.socket, error));
  };
}

async function upgrade(env: UpgradeEnvironment, request: ServerRequest, raw: RawSocket): Promise<void> {
  const info = requestInfo(request.method, request.url);
  const { group, resource, subresource, name } = info;
  const path = group === '' && name !== '' ? `${resource}/${subresource}` : '';
  const serve = remoteOf(env.remotes, info) ? upgradeRemote : UPGRADES.get(path);
  if (serve === undefined) return answerOverHttp(env, request, raw, info.verb === 'watch' ? 'watch' : path);
  const call = await env.pipeline.admit(request);
  let isTaken = false;
  const taken = (): void => {
    isTaken = true;
    env.pipeline.followUpgrade(call, raw.socket);
  };
  await leaveHttp(env, call, { ...raw, taken }, serve).catch((error: unknown) => {
    if (isTaken) return broken(env, raw.socket, error);
    env.pipeline.refuseUpgrade(call, error);
    throw error;
  });
}

/** What goes wrong now can't be told over HTTP any more: a client that breaks its protocol is cut off. */
function broken(env: UpgradeEnvironment, socket: RawSocket['socket'], error: unknown): void {
  env.logger.debug('an upgraded connection broke', { error });
  socket.destroy();
}

async function leaveHttp(env: UpgradeEnvironment, call: ApiCall, socket: UpgradeSocket, serve: Upgrade): Promise<void> {
  const leave = env.places.take(call.user.name);
  try {
    // An extension server admits what it is asked itself.
    if (serve !== upgradeRemote) await admitConnect(env.admission, call);
    await serve(env, call, socket);
  } finally {
    leave();
  }
}

/** A log and a watch may come as messages of a WebSocket; what else is asked for is answered as if nothing more had been. */
async function answerOverHttp(
  env: UpgradeEnvironment,
  request: ServerRequest,
  raw: RawSocket,
  what: string,
): Promise<void> {
  const response = await env.pipeline.handle(request);
  const socket = { ...raw, taken: () => {} };
  if (!isWebSocketRequest(request) || response.code !== 200) return answerRaw(raw.socket, response);
  if (what === 'watch' && isStream(response)) {
    const { serveWatch } = await import('./watch-websocket.ts');
    return serveWatch(env, request, socket, response);
  }
  if (what !== 'pods/log') return answerRaw(raw.socket, response);
  const { serveReader } = await import('./reader-websocket.ts');
  await serveReader(env, request, socket, response);
}

async function upgradeProcess(env: UpgradeEnvironment, call: ApiCall, raw: UpgradeSocket): Promise<void> {
  requireCreate(env.pipeline.options.authorizer, call);
  const pod = env.pod(call.info.namespace, call.info.name);
  const wanted = processRequest(call.info, pod);
  env.requireNode(pod.spec.nodeName ?? '');
  requireStreams(wanted);
  if (isWebSocketRequest(call.request)) {
    const { serveProcessWebSocket } = await import('./process-websocket.ts');
    return serveProcessWebSocket(env, call.request, raw, pod, wanted);
  }
  const { serveProcessSpdy } = await import('./process-spdy.ts');
  await serveProcessSpdy(env, call.request, raw, pod, wanted);
}

async function upgradePortForward(env: UpgradeEnvironment, call: ApiCall, raw: UpgradeSocket): Promise<void> {
  requireCreate(env.pipeline.options.authorizer, call);
  const pod = env.pod(call.info.namespace, call.info.name);
  const wanted = portForwardRequest(call.info, pod);
  env.requireNode(pod.spec.nodeName ?? '');
  const { servePortForwardUpgrade } = await import('./port-forward.ts');
  await servePortForwardUpgrade(env, call, raw, pod, wanted);
}

async function upgradeProxy(env: UpgradeEnvironment, call: ApiCall, raw: UpgradeSocket): Promise<void> {
  const { proxyUpgrade } = await import('./proxy/proxy-upgrade.ts');
  await proxyUpgrade(env, call, raw);
}

async function upgradeRemote(env: UpgradeEnvironment, call: ApiCall, raw: UpgradeSocket): Promise<void> {
  const service = remoteOf(env.remotes, call.info);
  const target = service && targetOf(env.remotes, service);
  if (!target) throw statusErrors.serviceUnavailable('service unavailable');
  const { joinBackend } = await import('./proxy/proxy-upgrade.ts');
  await joinBackend(target, { path: call.request.url, headers: headersFor(target, call) }, call, raw);
}

function refuse(env: UpgradeEnvironment, socket: RawSocket['socket'], error: unknown): Promise<void> {
  // A kubelet's answer goes to the client as it is.
  if (error instanceof NodeRefusal) return answerRaw(socket, textResponse(error.code, error.message));
  const known = error instanceof NodeUnreachable ? error.asUpgradeStatus() : statusErrorOf(error);
  if (known === undefined) env.logger.error('an upgrade failed', { error });
  const response = statusResponse(known ?? internal(error));
  response.headers['cache-control'] = 'no-cache, private';
  return answerRaw(socket, response);
}

function internal(error: unknown): StatusError {
  return statusErrors.internal(error instanceof Error ? error.message : String(error));
}
