/**
 * How a process that was reached through a stream ended: a Status on the error channel, made by the node, and here for
 * what goes wrong between. (upstream: staging/src/k8s.io/apiserver/pkg/util/proxy/streamtranslator.go; older protocols
 * say it in plain text: staging/src/k8s.io/kubelet/pkg/cri/streaming/remotecommand/httpstream.go)
 */
import { BusError, type ProcessRequest } from '@regatta/bus';
import { statusErrorOf } from '../server/status-response.ts';
import { NodeRefusal, NodeUnreachable } from './node-stream.ts';

/** What went wrong on the way to a node, as client-go's executor words it inside an apiserver. */
export function failureStatus(error: unknown, request: ProcessRequest): Uint8Array {
  const known = statusErrorOf(error)?.status;
  return Buffer.from(JSON.stringify(known?.reason ? known : internal(messageOf(error, request))));
}

function messageOf(error: unknown, request: ProcessRequest): string {
  if (error instanceof NodeRefusal) return `unable to upgrade connection: ${error.message}`;
  if (error instanceof NodeUnreachable)
    return `error sending request: Post "${kubeletUrl(error.kubelet, request)}": ${error.message}`;
  if (error instanceof BusError) return `the connection to the node is lost: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}

function kubeletUrl(kubelet: string, { op, namespace, pod, container, command, ...streams }: ProcessRequest): string {
  const query = new URLSearchParams(command.map((word): [string, string] => ['command', word]));
  const flags = { stdin: 'input', stdout: 'output', stderr: 'error', tty: 'tty' } as const;
  for (const stream of ['stdin', 'stdout', 'stderr', 'tty'] as const)
    if (streams[stream]) query.set(flags[stream], '1');
  query.sort();
  return `https://${kubelet}/${op}/${namespace}/${pod}/${container}?${query}`;
}

function internal(message: string): object {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: `Internal error occurred: ${message}`,
    reason: 'InternalError',
    details: { causes: [{ message }] },
    code: 500,
  };
}

/** A Status for a protocol that knows only text; undefined for success, of which nothing is said. */
export function plainText(status: Uint8Array): string | undefined {
  const { status: outcome, message } = JSON.parse(Buffer.from(status).toString()) as {
    readonly status?: string;
    readonly message?: string;
  };
  return outcome === 'Success' ? undefined : (message ?? 'unknown error');
}
