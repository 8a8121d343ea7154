/**
 * exec and attach (upstream: pkg/kubelet/server/server.go, getExec and getAttach).
 */
import { type BusStream, Channel, type ProcessRequest } from '@regatta/bus';
import type { NodeAgent } from '../node/node-agent.ts';
import { uidOf } from '../pods/pod-names.ts';
import { RuntimeError } from '../runtime/container-runtime.ts';
import { NodeRequestError, podOf } from './container-lookup.ts';
import { carryProcess, frame, internalErrorStatus } from './process-stream.ts';

/** @throws NodeRequestError when there is nothing to enter */
export async function serveProcess(
  agent: NodeAgent,
  request: ProcessRequest,
  accept: () => Promise<BusStream>,
): Promise<void> {
  const pod = podOf(agent, request);
  const { runtime } = agent;
  const record = runtime.containers(uidOf(pod)).findLast(({ name }) => name === request.container);
  if (record?.state !== 'running') throw new NodeRequestError(500, missing(request));
  const stream = await accept();
  if (request.op === 'attach') return carryProcess(runtime.attach(record.id), stream, request);
  const { command, stdin, tty } = request;
  try {
    await carryProcess(await runtime.exec(record.id, { command, stdin, tty }), stream, request);
  } catch (error) {
    if (!(error instanceof RuntimeError)) throw error;
    const status = internalErrorStatus(`error executing command in container: ${error.message}`);
    await stream.write(frame(Channel.error, Buffer.from(JSON.stringify(status))));
    await stream.end();
  }
}

/** pkg/kubelet/kubelet_pods.go: GetExec and GetAttach say it each in its own way. */
function missing({ op, container, pod, namespace }: ProcessRequest): string {
  if (op === 'attach') return `container ${container} not found in pod ${pod}_${namespace}`;
  return `container not found ("${container}")`;
}
