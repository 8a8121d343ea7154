/**
 * What a node answers apiservers on the bus: logs, exec, attach, port-forward, connections
 * (upstream: pkg/kubelet/server/server.go). Other nodes may connect to what listens here, and nothing else.
 */
import { type BusConnection, encode, type IncomingCall, type NodeResponse, nodeService } from '@regatta/bus';
import type { ClusterClock } from '@regatta/runtime';
import { acceptDial } from '../network/bus-uplink.ts';
import type { NodeAgent } from '../node/node-agent.ts';
import { NodeRequestError } from './container-lookup.ts';
import { KubeletServer } from './kubelet-server.ts';
import { parseNodeRequest } from './node-request.ts';
import { connectPod, dialAddress, holdSandbox } from './pod-connection.ts';
import { serveLogs } from './serve-logs.ts';
import { serveProcess } from './serve-process.ts';

/** Who may look into Pods: the apiserver has authorized whoever asks it. */
const APISERVER_USER = 'system:apiserver';
const NODE_USER_PREFIX = 'system:node:';

/** Requests that are not answered yet on one node; streams that run do not count. */
const CONCURRENCY = 256;
/** Logs, commands, attachments and connections in progress on one node. */
const MOST_STREAMS = 4096;

export interface ServeNodeOptions {
  readonly bus: Pick<BusConnection, 'serve'>;
  readonly agent: NodeAgent;
  readonly clock: ClusterClock;
  readonly signal: AbortSignal;
  /** Other than MOST_STREAMS, for tests. */
  readonly mostStreams?: number;
}

export function serveNode(options: ServeNodeOptions): void {
  const server = new NodeServer(options);
  const served = options.bus.serve(nodeService(options.agent.name), (call) => server.answer(call), {
    concurrency: CONCURRENCY,
  });
  options.signal.addEventListener('abort', () => void served.stop(), { once: true });
}

class NodeServer {
  readonly #kubelet: KubeletServer;
  #streams = 0;

  constructor(private readonly options: ServeNodeOptions) {
    this.#kubelet = new KubeletServer(options);
  }

  async answer(call: IncomingCall): Promise<void> {
    if (call.caller.startsWith(NODE_USER_PREFIX)) return acceptDial(call, this.options.agent.network);
    if (call.caller !== APISERVER_USER) return call.fail('only apiservers may ask this');
    const most = this.options.mostStreams ?? MOST_STREAMS;
    if (this.#streams >= most)
      return refuse(call, new NodeRequestError(503, `too many streams on this node (${most})`));
    this.#streams++;
    try {
      await this.#serve(call);
    } catch (error) {
      if (!(error instanceof NodeRequestError)) throw error;
      await refuse(call, error);
    } finally {
      this.#streams--;
    }
  }

  async #serve(call: IncomingCall): Promise<void> {
    const request = parseNodeRequest(call.request);
    const { agent, clock } = this.options;
    switch (request?.op) {
      case 'logs':
        return serveLogs(agent, clock, request, () => accept(call));
      case 'exec':
      case 'attach':
        return serveProcess(agent, request, () => accept(call));
      case 'port-forward':
        return holdSandbox(agent, request, () => accept(call));
      case 'connect':
        return connectPod(agent, request, () => accept(call));
      case 'dial':
        return dialAddress(agent.network, request, () => accept(call));
      case 'kubelet':
        return this.#kubelet.connect(() => accept(call));
      default:
        return call.fail('not a request that a node knows');
    }
  }
}

function accept(call: IncomingCall): ReturnType<IncomingCall['accept']> {
  const response: NodeResponse = { ok: true };
  return call.accept(encode(response));
}

async function refuse(call: IncomingCall, { code, message }: NodeRequestError): Promise<void> {
  const response: NodeResponse = { ok: false, code, message };
  const stream = await call.accept(encode(response));
  await stream.end();
}
