/**
 * The whole status that the kubelet reports for a Pod (upstream: pkg/kubelet/kubelet_pods.go, generateAPIPodStatus).
 */

import type { ContainerState, ContainerStatus, Pod, PodStatus } from '@regatta/api';
import { formatTime } from '@regatta/client';
import type { SandboxRecord } from '../../runtime/container-runtime.ts';
import { allContainers, isHostNetwork } from '../pod-names.ts';
import {
  type ContainerStatusInput,
  ephemeralContainerStatuses,
  initContainerStatuses,
  mainContainerStatuses,
} from './container-statuses.ts';
import { type Finding, podConditions } from './pod-conditions.ts';
import { podPhase } from './pod-phase.ts';

/** Bytes of all termination messages of a Pod together. */
const LONGEST_MESSAGES = 12 * 1024;

/** Why a Pod was ended by the node: rejected, deadline, eviction. */
export interface PodEnd {
  readonly reason: string;
  readonly message: string;
  /** Less than what the Pod asks for. */
  readonly graceSeconds?: number;
  /** The reason of a DisruptionTarget condition. */
  readonly disruption?: string;
}

export interface PodStatusInput extends ContainerStatusInput {
  readonly sandbox: SandboxRecord | undefined;
  readonly nodeIp: string;
  readonly isOver: boolean;
  readonly restartingAll: boolean;
  readonly resize: readonly Finding[];
  readonly end: PodEnd | undefined;
  /** When the node first saw the Pod; milliseconds since the epoch. */
  readonly acceptedAt: number;
  readonly now: number;
}

export function podStatus(input: PodStatusInput): PodStatus {
  const { pod, end } = input;
  const before = pod.status;
  const shorten = messageLimit(pod);
  const init = initContainerStatuses(input).map(shorten);
  const main = mainContainerStatuses(input).map(shorten);
  const ephemeral = ephemeralContainerStatuses(input).map(shorten);
  const phase = end === undefined ? podPhase({ pod, init, main, isOver: input.isOver }) : 'Failed';
  const sandboxReady = input.sandbox?.state === 'ready';
  const { restartingAll, resize, now } = input;
  const conditions = podConditions({ pod, init, main, phase, sandboxReady, restartingAll, resize, now, end });
  return {
    ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
    phase,
    conditions,
    ...(end === undefined ? {} : { reason: end.reason, message: end.message }),
    hostIP: input.nodeIp,
    hostIPs: [{ ip: input.nodeIp }],
    ...addresses(input),
    ...podLevelResources(pod),
    startTime: before?.startTime ?? formatTime(input.acceptedAt),
    ...(init.length === 0 ? {} : { initContainerStatuses: init }),
    containerStatuses: main,
    ...(ephemeral.length === 0 ? {} : { ephemeralContainerStatuses: ephemeral }),
    ...(before?.qosClass === undefined ? {} : { qosClass: before.qosClass }),
  };
}

/**
 * The containers of a Pod share the room for termination messages (upstream: normalizeStatus of
 * pkg/kubelet/status/status_manager.go).
 */
function messageLimit(pod: Pod): (status: ContainerStatus) => ContainerStatus {
  const limit = Math.floor(LONGEST_MESSAGES / allContainers(pod).length);
  const shorten = (state: ContainerState | undefined): ContainerState | undefined => {
    const message = state?.terminated?.message;
    // In UTF-8 a character of a string takes three bytes at most.
    if (state?.terminated === undefined || message === undefined || message.length * 3 <= limit) return state;
    const bytes = Buffer.from(message);
    if (bytes.length <= limit) return state;
    return { terminated: { ...state.terminated, message: bytes.subarray(0, limit).toString() } };
  };
  return (status) => {
    const state = shorten(status.state);
    const lastState = shorten(status.lastState);
    if (state === status.state && lastState === status.lastState) return status;
    return { ...status, ...(state ? { state } : {}), ...(lastState ? { lastState } : {}) };
  };
}

/** Of Pods that ask for resources as a whole. */
function podLevelResources({ spec: { resources } }: Pod): Pick<PodStatus, 'allocatedResources' | 'resources'> {
  if (resources === undefined) return {};
  return { ...(resources.requests ? { allocatedResources: resources.requests } : {}), resources };
}

/** A Pod whose sandbox is gone keeps its address in the status only when it is over: nobody can reach it before. */
function addresses({ pod, sandbox, nodeIp, isOver }: PodStatusInput): Pick<PodStatus, 'podIP' | 'podIPs'> {
  const isEnding = isOver || pod.metadata.deletionTimestamp !== undefined;
  const ip = isHostNetwork(pod) ? nodeIp : sandbox && (sandbox.state === 'ready' || isEnding) ? sandbox.ip : undefined;
  return ip === undefined ? {} : { podIP: ip, podIPs: [{ ip }] };
}
