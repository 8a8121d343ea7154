/**
 * pods/portforward: which of its three ways a client speaks (upstream: pkg/registry/core/pod/rest/subresources.go).
 */
import type { Pod } from '@regatta/api';
import type { PortForwardRequest } from '@regatta/bus';
import type { ApiCall } from '../server/api-call.ts';
import { textResponse } from '../server/status-response.ts';
import type { ConnectEnvironment } from './connect-environment.ts';
import { nodeOf } from './node-stream.ts';
import { PodPorts } from './pod-ports.ts';
import { answerRaw } from './raw-answer.ts';
import { acceptSpdy, negotiateStreams } from './spdy-upgrade.ts';
import type { UpgradeSocket } from './upgrade-socket.ts';
import { acceptWebSocket, ChannelSocket, refuseProtocol, tunnel } from './websocket.ts';
import { isWebSocketRequest, negotiate, offeredProtocols } from './websocket-offer.ts';

const PROTOCOLS = ['portforward.k8s.io'];
const TUNNEL = 'SPDY/3.1+';
const KUBERNETES = '.k8s.io';
const CHANNELS = ['', 'v4.channel.k8s.io', 'v4.base64.channel.k8s.io'];

/** What this throws is the answer over HTTP. */
export async function servePortForwardUpgrade(
  env: ConnectEnvironment,
  call: ApiCall,
  raw: UpgradeSocket,
  pod: Pod,
  request: PortForwardRequest,
): Promise<void> {
  const http = call.request;
  const gone = new AbortController();
  raw.socket.once('close', () => gone.abort(new Error('the client is gone')));
  const open = (): Promise<PodPorts> => PodPorts.open(env, nodeOf(pod), request, gone.signal);
  if (!isWebSocketRequest(http)) {
    const protocol = await negotiateStreams(http, raw, PROTOCOLS);
    if (protocol === undefined) return;
    const ports = await open();
    const { servePortForward } = await import('./port-forward-spdy.ts');
    return servePortForward(acceptSpdy(raw, protocol), ports, env);
  }
  const tunnelled = offeredProtocols(http).filter((name) => name.startsWith(TUNNEL) && name.endsWith(KUBERNETES));
  if (tunnelled.length > 0) return serveTunnel(env, tunnelled, raw, open);
  await serveChannels(env, call, raw, open);
}

async function serveTunnel(
  env: ConnectEnvironment,
  offered: readonly string[],
  raw: UpgradeSocket,
  open: () => Promise<PodPorts>,
): Promise<void> {
  const names = offered.map((name) => name.slice(TUNNEL.length));
  const chosen = names.find((name) => PROTOCOLS.includes(name));
  if (chosen === undefined) {
    const lists = `client supports [${names.join(' ')}], server accepts [${PROTOCOLS.join(' ')}]`;
    const text = `unable to upgrade: unable to negotiate protocol: ${lists}\n`;
    return answerRaw(raw.socket, textResponse(403, text));
  }
  const ports = await open();
  const webSocket = await acceptWebSocket(env, raw, `${TUNNEL}${chosen}`);
  const { servePortForward } = await import('./port-forward-spdy.ts');
  await servePortForward(tunnel(webSocket), ports, env);
}

async function serveChannels(
  env: ConnectEnvironment,
  { info, request }: ApiCall,
  raw: UpgradeSocket,
  open: () => Promise<PodPorts>,
): Promise<void> {
  const { portsOf, servePortChannels } = await import('./port-forward-websocket.ts');
  const wanted = portsOf(info.query);
  const protocol = negotiate(offeredProtocols(request), CHANNELS);
  if (protocol === undefined) return refuseProtocol(raw);
  const ports = await open();
  const webSocket = await acceptWebSocket(env, raw, protocol);
  const socket = new ChannelSocket(webSocket, protocol.includes('base64') ? 'base64' : 'binary');
  await servePortChannels(socket, wanted, ports);
}
