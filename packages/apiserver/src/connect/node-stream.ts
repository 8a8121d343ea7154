/**
 * Streams to node-agents: one request on the bus, and what goes wrong on the way in upstream's words, which are those of
 * an HTTP client that can't reach a kubelet.
 */
import { type StatusError, statusErrors } from '@regatta/api';
import {
  type BusConnection,
  BusError,
  type BusStream,
  decode,
  encode,
  type NodeRequest,
  type NodeResponse,
  nodeService,
} from '@regatta/bus';

const KUBELET_PORT = 10_250;

/** Where a kubelet is. */
export interface NodeAddress {
  readonly name: string;
  /** The host's address, as URLs in errors show it. */
  readonly host: string;
}

export function nodeOf(pod: {
  readonly spec: { readonly nodeName?: string };
  readonly status?: { readonly hostIP?: string };
}): NodeAddress {
  const name = pod.spec.nodeName ?? '';
  return { name, host: pod.status?.hostIP ?? name };
}

/**
 * @throws NodeUnreachable when the node does not answer
 * @throws NodeRefusal when it answers with an error
 */
export async function openNodeStream(
  bus: Pick<BusConnection, 'open'>,
  node: NodeAddress,
  request: NodeRequest,
  signal: AbortSignal,
): Promise<BusStream> {
  let opened: Awaited<ReturnType<BusConnection['open']>>;
  try {
    opened = await bus.open(nodeService(node.name), encode(request), { signal });
  } catch (error) {
    if (error instanceof BusError) throw new NodeUnreachable(node, error);
    throw error;
  }
  const answer = decode(opened.response) as NodeResponse;
  if (answer.ok) return opened.stream;
  opened.stream.abort('refused');
  throw new NodeRefusal(answer.code, answer.message);
}

/** A node's refusal, as its kubelet would answer over HTTP. */
export class NodeRefusal extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
    this.name = 'NodeRefusal';
  }

  /** As the answer to a plain request (upstream: registry/generic/rest/response_checker.go). */
  asStatus(): StatusError {
    if (this.code === 400) return statusErrors.badRequest(this.message);
    if (this.code === 404) return statusErrors.genericNotFound();
    return statusErrors.internal(this.message);
  }
}

/** A node that does not answer; the message is what Go says when it can't connect to a kubelet. */
export class NodeUnreachable extends Error {
  /** host:port of the kubelet */
  readonly kubelet: string;

  constructor(node: NodeAddress, cause: BusError) {
    const kubelet = `${node.host}:${KUBELET_PORT}`;
    const why = cause.code === 'no-responders' ? 'connect: connection refused' : 'i/o timeout';
    super(`dial tcp ${kubelet}: ${why}`, { cause });
    this.name = 'NodeUnreachable';
    this.kubelet = kubelet;
  }

  /** As the answer to a plain request for a path of the kubelet. */
  asStatus(path: string): StatusError {
    return statusErrors.unknown(`Get "https://${this.kubelet}${path}": ${this.message}`);
  }

  /** As the answer to a request that was to be upgraded. */
  asUpgradeStatus(): StatusError {
    return statusErrors.unknown(`error dialing backend: ${this.message}`);
  }
}
