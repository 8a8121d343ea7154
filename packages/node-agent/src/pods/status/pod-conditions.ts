/**
 * The conditions that the kubelet owns (upstream: pkg/kubelet/status/generate.go). Order, reasons and messages are
 * upstream's; lastTransitionTime is kept for as long as the status is.
 */

import type { ContainerStatus, Pod, PodCondition } from '@regatta/api';
import { formatTime } from '@regatta/client';
import { isRestartableInit } from '../pod-names.ts';
import { mayRestartAll } from '../restart-policy.ts';

const OWNED: ReadonlySet<string> = new Set([
  'PodReadyToStartContainers',
  'Initialized',
  'Ready',
  'ContainersReady',
  'PodScheduled',
  'AllContainersRestarting',
  'PodResizePending',
  'PodResizeInProgress',
]);

/** The reason of a DisruptionTarget condition that the kubelet sets. */
export const BY_KUBELET = 'TerminationByKubelet';

export interface ConditionInput {
  readonly pod: Pod;
  readonly init: readonly ContainerStatus[];
  readonly main: readonly ContainerStatus[];
  readonly phase: string;
  readonly sandboxReady: boolean;
  /** Containers end because one of them asked for a restart of all. */
  readonly restartingAll: boolean;
  /** How far a resize has come. */
  readonly resize: readonly Finding[];
  /** Why the node ended it, when it did. */
  readonly end?: { readonly message: string; readonly disruption?: string } | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export type Finding = Pick<PodCondition, 'type' | 'status' | 'reason' | 'message' | 'observedGeneration'>;

/** Conditions of others first, as the API has them, then the kubelet's own. */
export function podConditions(input: ConditionInput): PodCondition[] {
  const before = input.pod.status?.conditions ?? [];
  const containersReady = containersReadyCondition(input);
  const own: Finding[] = [
    ...disruption(input),
    ...input.resize,
    { type: 'PodReadyToStartContainers', status: input.sandboxReady ? 'True' : 'False' },
    initializedCondition(input),
    readyCondition(input, containersReady),
    containersReady,
    { type: 'PodScheduled', status: 'True' },
    ...(mayRestartAll(input.pod) ? [allRestartingCondition(input)] : []),
  ];
  const others = podConditionsOwnedByOthers(before).filter(({ type }) => own.every((finding) => finding.type !== type));
  return [...others, ...own.map((finding) => withTimes(finding, before, input))];
}

/** Others mark Pods this way too; the reason tells who did. */
function isOwnDisruption({
  type,
  reason,
}: Pick<PodCondition, 'type'> & { readonly reason?: string | undefined }): boolean {
  return type === 'DisruptionTarget' && reason === BY_KUBELET;
}

/** Once said it stays. */
function disruption({ end, pod }: ConditionInput): Finding[] {
  if (end?.disruption === undefined) return (pod.status?.conditions ?? []).filter(isOwnDisruption).map(plainFinding);
  return [{ type: 'DisruptionTarget', status: 'True', reason: end.disruption, message: end.message }];
}

export function podConditionsOwnedByOthers(conditions: readonly PodCondition[] = []): PodCondition[] {
  return conditions.filter(({ type, reason }) => !OWNED.has(type) && !isOwnDisruption({ type, reason }));
}

function plainFinding({ type, status, reason = '', message = '' }: PodCondition): Finding {
  return { type, status, reason, message };
}

function withTimes(finding: Finding, before: readonly PodCondition[], { pod, now }: ConditionInput): PodCondition {
  const old = before.find(({ type }) => type === finding.type);
  const kept = old?.status === finding.status ? old.lastTransitionTime : undefined;
  const observed = finding.observedGeneration ?? pod.metadata.generation;
  return {
    type: finding.type,
    ...(observed === undefined ? {} : { observedGeneration: observed }),
    status: finding.status,
    lastTransitionTime: kept ?? formatTime(now),
    ...(finding.reason === undefined ? {} : { reason: finding.reason }),
    ...(finding.message === undefined ? {} : { message: finding.message }),
  };
}

function initializedCondition({ pod, init, main, phase }: ConditionInput): Finding {
  const type = 'Initialized';
  const specs = pod.spec.initContainers ?? [];
  if (phase === 'Succeeded') return { type, status: 'True', reason: 'PodCompleted' };
  const hasRun = main.some(({ state, lastState }) => state?.running || state?.terminated || lastState?.terminated);
  const unfinished = specs.filter((container) => {
    const status = init.find(({ name }) => name === container.name);
    return isRestartableInit(container) ? !status?.started : !status?.ready;
  });
  // Once a Pod is initialized it stays so, also when its init containers run again.
  const wasInitialized = pod.status?.conditions?.some((old) => old.type === type && old.status === 'True') ?? false;
  if (unfinished.length === 0 || hasRun || wasInitialized) return { type, status: 'True' };
  const message = `containers with incomplete status: [${unfinished.map(({ name }) => name).join(' ')}]`;
  return { type, status: 'False', reason: 'ContainersNotInitialized', message };
}

function allRestartingCondition({ phase, restartingAll }: ConditionInput): Finding {
  const type = 'AllContainersRestarting';
  if (phase === 'Succeeded') return { type, status: 'False', reason: 'PodCompleted' };
  if (phase === 'Failed') return { type, status: 'False', reason: 'PodFailed' };
  if (!restartingAll) return { type, status: 'False' };
  const message = 'container exited with restart policy rule';
  return { type, status: 'True', reason: 'RestartAllContainersStarted', message };
}

function containersReadyCondition({ pod, init, main, phase }: ConditionInput): Finding {
  const type = 'ContainersReady';
  if (phase === 'Succeeded') return { type, status: 'False', reason: 'PodCompleted' };
  if (phase === 'Failed') return { type, status: 'False', reason: 'PodFailed' };
  const sidecars = (pod.spec.initContainers ?? []).filter(isRestartableInit);
  const unready = [
    ...sidecars.filter(({ name }) => !init.find((status) => status.name === name)?.ready),
    ...pod.spec.containers.filter(({ name }) => !main.find((status) => status.name === name)?.ready),
  ].map(({ name }) => name);
  if (unready.length === 0) return { type, status: 'True' };
  return {
    type,
    status: 'False',
    reason: 'ContainersNotReady',
    message: `containers with unready status: [${unready.join(' ')}]`,
  };
}

function readyCondition({ pod }: ConditionInput, containersReady: Finding): Finding {
  const type = 'Ready';
  if (containersReady.status !== 'True') return { ...containersReady, type };
  const problems = (pod.spec.readinessGates ?? []).flatMap(({ conditionType }) => {
    const found = pod.status?.conditions?.find((condition) => condition.type === conditionType);
    if (found === undefined)
      return [`corresponding condition of pod readiness gate "${conditionType}" does not exist.`];
    return found.status === 'True'
      ? []
      : [`the status of pod readiness gate "${conditionType}" is not "True", but ${found.status}`];
  });
  if (problems.length === 0) return { type, status: 'True' };
  return { type, status: 'False', reason: 'ReadinessGatesNotReady', message: problems.join(', ') };
}
