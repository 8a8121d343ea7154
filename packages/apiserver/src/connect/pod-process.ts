/**
 * What pods/exec and pods/attach ask a node for (upstream: pkg/registry/core/pod/rest/subresources.go and strategy.go,
 * ExecLocation, AttachLocation).
 */
import { type Pod, statusErrors } from '@regatta/api';
import type { NodeRequest } from '@regatta/bus';
import { queryFlag, type RequestInfo } from '../server/request-info.ts';
import { containerOf } from './pod-container.ts';

export type ProcessRequest = NodeRequest & { readonly op: 'exec' | 'attach' };

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
  if (!streams.stdin && !streams.stdout && !streams.stderr) {
    throw statusErrors.badRequest('you must specify at least 1 of stdin, stdout, stderr');
  }
  if (op === 'exec' && command.length === 0)
    throw statusErrors.badRequest('you must specify at least one command for the container');
  const { phase } = pod.status ?? {};
  if (phase === 'Succeeded' || phase === 'Failed') {
    throw statusErrors.badRequest(
      `cannot ${op === 'exec' ? 'exec into' : 'attach to'} a container in a completed pod; current phase is ${phase}`,
    );
  }
  const container = containerOf(pod, query.get('container') ?? '');
  if (!pod.spec.nodeName) throw statusErrors.badRequest(`pod ${name} does not have a host assigned`);
  return {
    op,
    namespace,
    pod: name,
    uid: pod.metadata.uid ?? '',
    container,
    command: op === 'exec' ? command : [],
    ...streams,
  };
}
