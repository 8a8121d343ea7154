/**
 * A Pod's phase from its containers' statuses (upstream: pkg/kubelet/kubelet_pods.go, getPhase).
 */
import type { Container, ContainerStatus, Pod } from '@regatta/api';
import { isRestartableInit, restartPolicyOf } from '../pod-names.ts';

export interface PhaseInput {
  readonly pod: Pod;
  readonly init: readonly ContainerStatus[];
  readonly main: readonly ContainerStatus[];
  /** Everything has ended and nothing will be restarted: the phase must be final. */
  readonly isOver: boolean;
}

export function podPhase(input: PhaseInput): string {
  const init = countInit(input);
  const main = countMain(input.main);
  const policy = restartPolicyOf(input.pod);
  if (init.failed > 0 && policy === 'Never') return 'Failed';
  if (!input.isOver && (init.pending > 0 || main.waiting > 0)) return 'Pending';
  if (main.running > 0) return 'Running';
  if (main.stopped === 0) return input.isOver ? 'Failed' : 'Pending';
  const allSucceeded = main.stopped === main.succeeded;
  if (input.isOver) return allSucceeded && main.waiting === 0 ? 'Succeeded' : 'Failed';
  if (policy === 'Always') return 'Running';
  if (allSucceeded) return 'Succeeded';
  return policy === 'Never' ? 'Failed' : 'Running';
}

function countInit({ pod, init }: PhaseInput): { readonly pending: number; readonly failed: number } {
  let pending = 0;
  let failed = 0;
  for (const container of pod.spec.initContainers ?? []) {
    const status = init.find(({ name }) => name === container.name);
    if (isPendingInit(container, status)) pending++;
    else if (!isRestartableInit(container) && endOf(status) !== 0) failed++;
  }
  return { pending, failed };
}

/** The exit code a container last ended with, also while it waits to be restarted. */
function endOf(status: ContainerStatus | undefined): number | undefined {
  if (status?.state?.terminated) return status.state.terminated.exitCode;
  return status?.state?.waiting ? status.lastState?.terminated?.exitCode : undefined;
}

function isPendingInit(container: Container, status: ContainerStatus | undefined): boolean {
  if (isRestartableInit(container))
    return !status?.started && status?.lastState?.terminated === undefined && !status?.state?.terminated;
  const end = endOf(status);
  return end === undefined || (end === 0 && status?.state?.terminated === undefined);
}

function countMain(statuses: readonly ContainerStatus[]) {
  const counts = { waiting: 0, running: 0, stopped: 0, succeeded: 0 };
  for (const { state, lastState } of statuses) {
    if (state?.running) counts.running++;
    else if (state?.terminated) {
      counts.stopped++;
      if (state.terminated.exitCode === 0) counts.succeeded++;
    } else if (lastState?.terminated) counts.stopped++;
    else counts.waiting++;
  }
  return counts;
}
