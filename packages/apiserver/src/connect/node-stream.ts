/**
 * Streams to node-agents: one request on the bus, and what goes wrong on the way in upstream's words, which are those of
 * an HTTP client that can't reach a kubelet.
 */
import { type Pod, type StatusError, statusErrors } from '@regatta/api';
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

const PATHS: Readonly<Record<NodeRequest['op'], string>> = { logs: 'containerLogs', exec: 'exec', attach: 'attach' };

/**
 * @throws StatusError when the node can't be reached (500)
 * @throws NodeRefusal when it answers with an error
 */
export async function openNodeStream(
  bus: Pick<BusConnection, 'open'>,
  pod: Pod,
  request: NodeRequest,
  signal: AbortSignal,
): Promise<BusStream> {
  const service = nodeService(pod.spec.nodeName ?? '');
  let opened: Awaited<ReturnType<BusConnection['open']>>;
  try {
    opened = await bus.open(service, encode(request), { signal });
  } catch (error) {
    if (error instanceof BusError) throw unreachable(pod, request, error);
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

function unreachable(pod: Pod, request: NodeRequest, error: BusError): StatusError {
  const host = `${pod.status?.hostIP ?? pod.spec.nodeName}:${KUBELET_PORT}`;
  const url = `https://${host}/${PATHS[request.op]}/${request.namespace}/${request.pod}/${request.container}`;
  const why = error.code === 'no-responders' ? 'connect: connection refused' : 'i/o timeout';
  return statusErrors.unknown(`Get "${url}": dial tcp ${host}: ${why}`);
}
