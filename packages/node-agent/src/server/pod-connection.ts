/**
 * Connections into Pods that an apiserver asks for: port-forward, and what it dials by address for proxies and webhooks
 * (upstream: containerd's internal/cri/server/sandbox_portforward_linux.go; its words).
 */
import {
  type BusStream,
  type ConnectRequest,
  type DialRequest,
  joinConnections,
  type PortForwardRequest,
} from '@regatta/bus';
import { BusDuplex } from '../network/bus-duplex.ts';
import { NetworkError } from '../network/network-error.ts';
import type { PodNetwork } from '../network/pod-network.ts';
import type { NodeAgent } from '../node/node-agent.ts';
import type { SandboxRecord } from '../runtime/container-runtime.ts';
import { NodeRequestError, podOf } from './container-lookup.ts';

type Accept = () => Promise<BusStream>;

/** What connect(2) says, as Go words it. */
const REASONS: Readonly<Partial<Record<string, string>>> = {
  ECONNREFUSED: 'connect: connection refused',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  ETIMEDOUT: 'i/o timeout',
};

/** Ends the stream when the Pod's sandbox is gone. @throws NodeRequestError when there is none */
export async function holdSandbox(agent: NodeAgent, request: PortForwardRequest, accept: Accept): Promise<void> {
  const { id, podUid } = sandboxOf(agent, request);
  const stream = await accept();
  await new Promise<void>((resolve) => {
    const look = (): void => {
      if (findSandbox(agent, podUid)?.id !== id) done();
    };
    const stop = agent.runtime.onChange((uid) => {
      if (uid === podUid) look();
    });
    const done = (): void => {
      stop();
      stream.signal.removeEventListener('abort', done);
      resolve();
    };
    stream.signal.addEventListener('abort', done, { once: true });
    look();
  });
  if (!stream.signal.aborted) stream.abort('the Pod is gone');
}

/** @throws NodeRequestError with the container runtime's words when nobody listens */
export async function connectPod(agent: NodeAgent, request: ConnectRequest, accept: Accept): Promise<void> {
  const { id, ip } = sandboxOf(agent, request);
  const { port } = request;
  let connection: Awaited<ReturnType<PodNetwork['connect']>>;
  try {
    connection = await agent.network.connect(ip, { ip: '127.0.0.1', port });
  } catch (error) {
    const why = `IPv4: dial tcp4 127.0.0.1:${port}: ${reason(error)} IPv6 dial tcp6: address localhost: no suitable address found`;
    throw new NodeRequestError(
      500,
      `error forwarding port ${port} to pod ${id}, uid : failed to execute portforward in network namespace "${namespaceOf(id)}": failed to connect to localhost:${port} inside namespace "${id}", ${why} `,
    );
  }
  await joinConnections(connection, new BusDuplex(await accept()));
}

/** @throws NodeRequestError with what Go says when nobody listens */
export async function dialAddress(network: PodNetwork, { ip, port }: DialRequest, accept: Accept): Promise<void> {
  let connection: ReturnType<PodNetwork['deliver']>;
  try {
    connection = network.deliver(network.nodeIp, { ip, port });
  } catch (error) {
    throw new NodeRequestError(503, `dial tcp ${ip}:${port}: ${reason(error)}`);
  }
  await joinConnections(connection, new BusDuplex(await accept()));
}

/** @throws what is no failure of the network */
function reason(error: unknown): string {
  if (!(error instanceof NetworkError)) throw error;
  return REASONS[error.code] ?? `connect: ${error.message}`;
}

function sandboxOf(agent: NodeAgent, request: PortForwardRequest | ConnectRequest): SandboxRecord {
  podOf(agent, request);
  const sandbox = findSandbox(agent, request.uid);
  if (sandbox === undefined)
    throw new NodeRequestError(500, `failed to find pod sandbox of pod "${request.pod}_${request.namespace}"`);
  return sandbox;
}

function findSandbox(agent: NodeAgent, podUid: string): SandboxRecord | undefined {
  return agent.runtime.sandboxes(agent.pods.runtimeUid(podUid)).findLast(({ state }) => state === 'ready');
}

/** Where containerd keeps a network namespace. Its name is a UUID; here it is made of the sandbox's id. */
function namespaceOf(id: string): string {
  const parts = [id.slice(0, 8), id.slice(8, 12), id.slice(12, 16), id.slice(16, 20), id.slice(20, 32)];
  return `/var/run/netns/cni-${parts.join('-')}`;
}
