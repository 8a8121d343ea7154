/**
 * A node's conditions (upstream: pkg/kubelet/nodestatus/setters.go): reasons and messages are upstream's.
 */

import type { NodeCondition } from '@regatta/api';
import { formatTime } from '@regatta/client';

const NETWORK_NOT_READY =
  'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized';

interface Finding {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

const ENOUGH_MEMORY: Finding = {
  type: 'MemoryPressure',
  status: 'False',
  reason: 'KubeletHasSufficientMemory',
  message: 'kubelet has sufficient memory available',
};

const LITTLE_MEMORY: Finding = {
  type: 'MemoryPressure',
  status: 'True',
  reason: 'KubeletHasInsufficientMemory',
  message: 'kubelet has insufficient memory available',
};

const SUFFICIENT: readonly Finding[] = [
  {
    type: 'DiskPressure',
    status: 'False',
    reason: 'KubeletHasNoDiskPressure',
    message: 'kubelet has no disk pressure',
  },
  {
    type: 'PIDPressure',
    status: 'False',
    reason: 'KubeletHasSufficientPID',
    message: 'kubelet has sufficient PID available',
  },
];

const EVENTS: Readonly<Record<string, string>> = {
  DiskPressure: 'NodeHasNoDiskPressure',
  PIDPressure: 'NodeHasSufficientPID',
};

function findings({ networkReady, memoryPressure }: ConditionFacts): Finding[] {
  const ready = networkReady
    ? { status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' }
    : { status: 'False', reason: 'KubeletNotReady', message: NETWORK_NOT_READY };
  return [memoryPressure ? LITTLE_MEMORY : ENOUGH_MEMORY, ...SUFFICIENT, { type: 'Ready', ...ready }];
}

export interface ConditionFacts {
  readonly networkReady: boolean;
  readonly memoryPressure: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** The conditions to report; those of other types stay in their places. */
export function nodeConditions(before: readonly NodeCondition[], facts: ConditionFacts): NodeCondition[] {
  const time = formatTime(facts.now);
  const own = findings(facts).map((finding): NodeCondition => {
    const old = before.find(({ type }) => type === finding.type);
    const kept = old?.status === finding.status ? old.lastTransitionTime : undefined;
    const { type, ...rest } = finding;
    return { type, ...rest, lastHeartbeatTime: time, lastTransitionTime: kept ?? time };
  });
  const types = new Set(own.map(({ type }) => type));
  return [...before.filter(({ type }) => !types.has(type)), ...own];
}

/** Reasons of the events that a change of conditions brings. */
export function conditionEvents(before: readonly NodeCondition[], after: readonly NodeCondition[]): string[] {
  return after.flatMap(({ type, status }) => {
    const old = before.find((condition) => condition.type === type);
    if (old?.status === status) return [];
    // A node that was never seen before gives no event for its first Ready condition.
    if (type === 'Ready') return old === undefined ? [] : [status === 'True' ? 'NodeReady' : 'NodeNotReady'];
    if (type === 'MemoryPressure') return [status === 'True' ? 'NodeHasInsufficientMemory' : 'NodeHasSufficientMemory'];
    const reason = EVENTS[type];
    return reason === undefined ? [] : [reason];
  });
}
