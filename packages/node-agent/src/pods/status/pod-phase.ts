/**
 * A Pod's phase from its containers' statuses (upstream: pkg/kubelet/kubelet_pods.go, getPhase).
 */
import type { Container, ContainerStatus, Pod } from '@regatta/api';
import { isRestartableInit } from '../pod-names.ts';
import { restartsAfter } from '../restart-policy.ts';

export interface PhaseInput {
  readonly pod: Pod;
  readonly init: readonly ContainerStatus[];
  readonly main: readonly ContainerStatus[];
  /** Everything has ended and nothing will be restarted: the phase must be final. */
  readonly isOver: boolean;
}

export function podPhase(input: PhaseInput): string {
  const { isOver } = input;
  const init = countInit(input);
  const sidecars = countSidecars(input);
  const main = countMain(input);
  if (init.failedForGood > 0) return 'Failed';
  const isWaiting = init.pending > 0 || (sidecars.pending > 0 && !hasRun(input.main)) || main.waiting > 0;
  if (!isOver && isWaiting) return 'Pending';
  if (main.running + sidecars.running > 0) return 'Running';
  if (main.stopped === 0) return isOver ? 'Failed' : 'Pending';
  const succeeded = main.stopped === main.succeeded;
  if (isOver) return succeeded && main.waiting === 0 ? 'Succeeded' : 'Failed';
  if (main.restartable > 0) return 'Running';
  return succeeded ? 'Succeeded' : 'Failed';
}

interface Ended {
  readonly exitCode: number;
}

/** How a container last ended, also while it waits to be started again. */
function endOf({ state, lastState }: ContainerStatus): Ended | undefined {
  if (state?.terminated) return state.terminated;
  return state?.waiting ? lastState?.terminated : undefined;
}

function countInit({ pod, init }: PhaseInput): { readonly pending: number; readonly failedForGood: number } {
  let pending = 0;
  let failedForGood = 0;
  for (const container of initContainers(pod, (c) => !isRestartableInit(c))) {
    const end = statusOf(init, container, endOf);
    if (end === undefined) pending++;
    else if (end.exitCode !== 0 && !restartsAfter(pod, container, end.exitCode)) failedForGood++;
  }
  return { pending, failedForGood };
}

function countSidecars({ pod, init }: PhaseInput): { readonly pending: number; readonly running: number } {
  const statuses = initContainers(pod, isRestartableInit).map((container) => statusOf(init, container, (s) => s));
  return {
    pending: statuses.filter((status) => !status?.started && (status === undefined || endOf(status) === undefined))
      .length,
    running: statuses.filter((status) => status?.state?.running !== undefined).length,
  };
}

function countMain({ pod, main }: PhaseInput) {
  const counts = { waiting: 0, running: 0, stopped: 0, succeeded: 0, restartable: 0 };
  for (const container of pod.spec.containers) {
    const status = main.find(({ name }) => name === container.name);
    const end = status && endOf(status);
    if (status?.state?.running) counts.running++;
    else if (end === undefined) counts.waiting++;
    else {
      counts.stopped++;
      if (status?.state?.terminated && end.exitCode === 0) counts.succeeded++;
      if (restartsAfter(pod, container, end.exitCode)) counts.restartable++;
    }
  }
  return counts;
}

function hasRun(main: readonly ContainerStatus[]): boolean {
  return main.some(({ state, lastState }) => state?.running || state?.terminated || lastState?.terminated);
}

function initContainers({ spec }: Pod, isWanted: (container: Container) => boolean): readonly Container[] {
  return spec.initContainers?.filter(isWanted) ?? [];
}

function statusOf<T>(
  statuses: readonly ContainerStatus[],
  { name }: Container,
  read: (status: ContainerStatus) => T,
): T | undefined {
  const status = statuses.find((other) => other.name === name);
  return status && read(status);
}
