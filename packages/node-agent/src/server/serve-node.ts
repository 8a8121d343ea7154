/**
 * What a node answers apiservers on the bus: logs, exec, attach (upstream: pkg/kubelet/server/server.go).
 */

import type { Pod } from '@regatta/api';
import {
  type BusConnection,
  type BusStream,
  Channel,
  encode,
  type IncomingCall,
  type NodeRequest,
  type NodeResponse,
  nodeService,
} from '@regatta/bus';
import type { ClusterClock } from '@regatta/runtime';
import { parseTime } from '../api/timestamps.ts';
import { acceptDial } from '../network/bus-uplink.ts';
import type { NodeAgent } from '../node/node-agent.ts';
import { uidOf } from '../pods/pod-names.ts';
import { RuntimeError } from '../runtime/container-runtime.ts';
import { logContainerId, NodeRequestError } from './container-lookup.ts';
import { readLog } from './log-stream.ts';
import { parseNodeRequest } from './node-request.ts';
import { carryProcess, frame, internalErrorStatus } from './process-stream.ts';

/** Who may look into Pods: the apiserver has authorized whoever asks it. */
const APISERVER_USER = 'system:apiserver';
/** Other machines: they may connect to what listens here. */
const NODE_USER_PREFIX = 'system:node:';

/** Logs, commands and attachments in progress on one node. */
const CONCURRENCY = 256;

export interface ServeNodeOptions {
  readonly bus: Pick<BusConnection, 'serve'>;
  readonly agent: NodeAgent;
  readonly clock: ClusterClock;
  readonly signal: AbortSignal;
}

type LogsRequest = NodeRequest & { readonly op: 'logs' };
type ProcessRequest = NodeRequest & { readonly op: 'exec' | 'attach' };

export function serveNode(options: ServeNodeOptions): void {
  const server = new NodeServer(options);
  const served = options.bus.serve(nodeService(options.agent.name), (call) => server.answer(call), {
    concurrency: CONCURRENCY,
  });
  options.signal.addEventListener('abort', () => void served.stop(), { once: true });
}

class NodeServer {
  constructor(private readonly options: ServeNodeOptions) {}

  async answer(call: IncomingCall): Promise<void> {
    if (call.caller.startsWith(NODE_USER_PREFIX)) return acceptDial(call, this.options.agent.network);
    if (call.caller !== APISERVER_USER) return call.fail('only apiservers may ask this');
    const request = parseNodeRequest(call.request);
    if (request === undefined) return call.fail('not a request that a node knows');
    try {
      if (request.op === 'logs') await this.#logs(call, request);
      else await this.#process(call, request);
    } catch (error) {
      if (!(error instanceof NodeRequestError)) throw error;
      await accept(call, { ok: false, code: error.code, message: error.message }).then((stream) => stream.end());
    }
  }

  async #logs(call: IncomingCall, request: LogsRequest): Promise<void> {
    const pod = this.#pod(request);
    const id = logContainerId(pod, request);
    const log = this.options.agent.runtime.log(id);
    const stream = await accept(call, { ok: true });
    if (log === undefined) {
      await stream.write(Buffer.from(`unable to retrieve container logs for containerd://${id}`));
      return stream.end();
    }
    const { timestamps, follow, tailLines, limitBytes } = request;
    const since = this.#since(request);
    const wanted = {
      timestamps,
      follow,
      ...(tailLines === undefined ? {} : { tailLines }),
      ...(limitBytes === undefined ? {} : { limitBytes }),
      ...(since === undefined ? {} : { since }),
    };
    for await (const bytes of readLog(log, wanted, stream.signal)) await stream.write(bytes);
    await stream.end();
  }

  /** Instants in logs are real, and so is the time that `--since` counts. */
  #since({ sinceSeconds, sinceTime }: LogsRequest): number | undefined {
    return sinceSeconds === undefined ? parseTime(sinceTime) : this.options.clock.now() - sinceSeconds * 1000;
  }

  async #process(call: IncomingCall, request: ProcessRequest): Promise<void> {
    const pod = this.#pod(request);
    const { runtime } = this.options.agent;
    const record = runtime.containers(uidOf(pod)).findLast(({ name }) => name === request.container);
    if (record?.state !== 'running') throw new NodeRequestError(500, `container not found ("${request.container}")`);
    const stream = await accept(call, { ok: true });
    if (request.op === 'attach') return carryProcess(runtime.attach(record.id), stream, request);
    await this.#exec(record.id, request, stream);
  }

  async #exec(id: string, request: ProcessRequest, stream: BusStream): Promise<void> {
    const { command, stdin, tty } = request;
    try {
      const session = await this.options.agent.runtime.exec(id, { command, stdin, tty });
      await carryProcess(session, stream, request);
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error;
      const status = internalErrorStatus(`error executing command in container: ${error.message}`);
      await stream.write(frame(Channel.error, Buffer.from(JSON.stringify(status))));
      await stream.end();
    }
  }

  /** @throws NodeRequestError when this node has no such Pod or container */
  #pod({ namespace, pod: name, uid, container, op }: NodeRequest): Pod {
    const pod = this.options.agent.pods.find(uid);
    if (pod === undefined || pod.metadata.name !== name || pod.metadata.namespace !== namespace) {
      throw new NodeRequestError(404, op === 'logs' ? `pod "${name}" does not exist` : 'pod does not exist');
    }
    const { containers, initContainers = [], ephemeralContainers = [] } = pod.spec;
    if ([...containers, ...initContainers, ...ephemeralContainers].some((spec) => spec.name === container)) return pod;
    throw new NodeRequestError(404, `container "${container}" not found in pod "${name}"`);
  }
}

function accept(call: IncomingCall, response: NodeResponse): Promise<BusStream> {
  return call.accept(encode(response));
}
