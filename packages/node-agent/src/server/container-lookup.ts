/**
 * Which container instance a request means, and the kubelet's words when there is none
 * (upstream: pkg/kubelet/kubelet_pods.go, validateContainerLogStatus; pkg/kubelet/server/server.go).
 */

import type { ContainerStatus, Pod } from '@regatta/api';
import type { LogsRequest } from '@regatta/bus';
import type { NodeAgent } from '../node/node-agent.ts';

export class NodeRequestError extends Error {
  constructor(
    /** HTTP status */
    readonly code: number,
    message: string,
  ) {
    super(message);
    this.name = 'NodeRequestError';
  }
}

/** What a request says of its Pod. */
interface Target {
  readonly op: string;
  readonly namespace: string;
  readonly pod: string;
  readonly uid: string;
  readonly container?: string;
}

/** @throws NodeRequestError when this node has no such Pod or container */
export function podOf(agent: Pick<NodeAgent, 'pods'>, { op, namespace, pod: name, uid, container }: Target): Pod {
  const pod = agent.pods.find(uid);
  if (pod === undefined || pod.metadata.name !== name || pod.metadata.namespace !== namespace) {
    throw new NodeRequestError(404, op === 'logs' ? `pod "${name}" does not exist` : 'pod does not exist');
  }
  const { containers, initContainers = [], ephemeralContainers = [] } = pod.spec;
  const known = [...containers, ...initContainers, ...ephemeralContainers].some((spec) => spec.name === container);
  if (container === undefined || known) return pod;
  throw new NodeRequestError(404, `container "${container}" not found in pod "${name}"`);
}

const PREFIX = 'containerd://';

/** The id of the instance whose log is asked for. @throws NodeRequestError */
export function logContainerId(pod: Pod, request: LogsRequest): string {
  const { container: name } = request;
  const what = `container "${name}" in pod "${pod.metadata.name}"`;
  const status = statusOf(pod, name);
  if (status === undefined) throw new NodeRequestError(400, `${what} is not available`);
  const last = status.lastState?.terminated?.containerID;
  if (request.previous) {
    if (last) return plainId(last);
    throw new NodeRequestError(400, `previous terminated ${what} not found`);
  }
  const { running, terminated, waiting } = status.state ?? {};
  if (running && status.containerID) return plainId(status.containerID);
  if (terminated || status.lastState?.terminated) {
    const id = terminated?.containerID || last;
    if (id) return plainId(id);
    throw new NodeRequestError(400, `${what} is terminated`);
  }
  throw new NodeRequestError(
    400,
    waiting ? waitingText(what, waiting.reason ?? '') : `${what} is waiting to start - no logs yet`,
  );
}

function waitingText(what: string, reason: string): string {
  if (reason === 'ErrImagePull') return `${what} is waiting to start: image can't be pulled`;
  if (reason === 'ImagePullBackOff') return `${what} is waiting to start: trying and failing to pull image`;
  return `${what} is waiting to start: ${reason}`;
}

function statusOf(pod: Pod, name: string): ContainerStatus | undefined {
  const { containerStatuses = [], initContainerStatuses = [], ephemeralContainerStatuses = [] } = pod.status ?? {};
  return [...containerStatuses, ...initContainerStatuses, ...ephemeralContainerStatuses].find(
    (status) => status.name === name,
  );
}

function plainId(id: string): string {
  return id.startsWith(PREFIX) ? id.slice(PREFIX.length) : id;
}
