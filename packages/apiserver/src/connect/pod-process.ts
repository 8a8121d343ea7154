/**
 * What pods/exec, pods/attach and pods/portforward ask a node for (upstream: pkg/registry/core/pod/rest/subresources.go and
 * strategy.go, ExecLocation, AttachLocation, PortForwardLocation).
 */
import { type Pod, statusErrors } from '@regatta/api';
import type { PortForwardRequest, ProcessRequest } from '@regatta/bus';
import { queryFlag, type RequestInfo } from '../server/request-info.ts';
import { containerOf } from './pod-container.ts';

/** @throws StatusError 400 */
export function processRequest(info: RequestInfo, pod: Pod): ProcessRequest {
  const { query, namespace, name } = info;
  const op = info.subresource === 'attach' ? 'attach' : 'exec';
  const streams = {
    stdin: queryFlag(query, 'stdin'),
    stdout: queryFlag(query, 'stdout'),
    stderr: queryFlag(query, 'stderr'),
    tty: queryFlag(query, 'tty'),
  };
  const command = query.getAll('command');
  if (op === 'exec' && command.length === 0)
    throw statusErrors.badRequest('you must specify at least one command for the container');
  const { phase } = pod.status ?? {};
  if (phase === 'Succeeded' || phase === 'Failed') {
    throw statusErrors.badRequest(
      `cannot ${op === 'exec' ? 'exec into' : 'attach to'} a container in a completed pod; current phase is ${phase}`,
    );
  }
  const container = containerOf(pod, query.get('container') ?? '');
  requireHost(pod);
  return {
    op,
    namespace,
    pod: name,
    uid: pod.metadata.uid ?? '',
    container,
    command: op === 'exec' ? command : [],
    ...streams,
    // A terminal has one output.
    stderr: streams.stderr && !streams.tty,
  };
}

/** What upstream's kubelet checks: asked once the node is known to be there. @throws StatusError 400 */
export function requireStreams(request: ProcessRequest | PortForwardRequest): void {
  if (request.op === 'port-forward' || request.stdin || request.stdout || request.stderr) return;
  throw statusErrors.badRequest('you must specify at least 1 of stdin, stdout, stderr');
}

/** @throws StatusError 400 */
export function portForwardRequest({ namespace, name }: RequestInfo, pod: Pod): PortForwardRequest {
  requireHost(pod);
  return { op: 'port-forward', namespace, pod: name, uid: pod.metadata.uid ?? '' };
}

function requireHost(pod: Pod): void {
  if (!pod.spec.nodeName) throw statusErrors.badRequest(`pod ${pod.metadata.name} does not have a host assigned`);
}
