/**
 * The whole status that the kubelet reports for a Pod (upstream: pkg/kubelet/kubelet_pods.go, generateAPIPodStatus).
 */
import type { PodStatus } from '@regatta/api';
import { toTime } from '../../api/timestamps.ts';
import type { SandboxRecord } from '../../runtime/container-runtime.ts';
import { isHostNetwork } from '../pod-names.ts';
import { type ContainerStatusInput, initContainerStatuses, mainContainerStatuses } from './container-statuses.ts';
import { podConditions } from './pod-conditions.ts';
import { podPhase } from './pod-phase.ts';

/** Why a Pod was ended by the node: rejected, deadline, eviction. */
export interface PodEnd {
  readonly reason: string;
  readonly message: string;
}

export interface PodStatusInput extends ContainerStatusInput {
  readonly sandbox: SandboxRecord | undefined;
  readonly nodeIp: string;
  readonly isOver: boolean;
  readonly end: PodEnd | undefined;
  /** When the node first saw the Pod; milliseconds since the epoch. */
  readonly acceptedAt: number;
  readonly now: number;
}

export function podStatus(input: PodStatusInput): PodStatus {
  const { pod, end } = input;
  const before = pod.status;
  const init = initContainerStatuses(input);
  const main = mainContainerStatuses(input);
  const phase = end === undefined ? podPhase({ pod, init, main, isOver: input.isOver }) : 'Failed';
  const sandboxReady = input.sandbox?.state === 'ready';
  const conditions = podConditions({ pod, init, main, phase, sandboxReady, now: input.now });
  return {
    ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
    phase,
    conditions,
    ...(end === undefined ? {} : { reason: end.reason, message: end.message }),
    hostIP: input.nodeIp,
    hostIPs: [{ ip: input.nodeIp }],
    ...addresses(input),
    startTime: before?.startTime ?? toTime(input.acceptedAt),
    ...(init.length === 0 ? {} : { initContainerStatuses: init }),
    containerStatuses: main,
    ...(before?.qosClass === undefined ? {} : { qosClass: before.qosClass }),
  };
}

/** A Pod whose sandbox is gone keeps its address in the status only when it is over: nobody can reach it before. */
function addresses({ pod, sandbox, nodeIp, isOver }: PodStatusInput): Pick<PodStatus, 'podIP' | 'podIPs'> {
  const isEnding = isOver || pod.metadata.deletionTimestamp !== undefined;
  const ip = isHostNetwork(pod) ? nodeIp : sandbox && (sandbox.state === 'ready' || isEnding) ? sandbox.ip : undefined;
  return ip === undefined ? {} : { podIP: ip, podIPs: [{ ip }] };
}
