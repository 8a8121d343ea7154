/**
 * The row of a Pod. Its STATUS is what a person wants to know, not the phase: the reason of what hinders it.
 */
import type { Container, ContainerState, ContainerStatus, Pod } from '@regatta/api';
import { NONE } from '../format.ts';
import { humanDuration, since } from '../human-duration.ts';
import { type Cell, columnsOf, type Printer, type RowCondition } from '../printer.ts';

const COLUMNS = ['Name', 'Ready', 'Status', 'Restarts', 'Age', 'IP*', 'Node*', 'Nominated Node*', 'Readiness Gates*'];

/** The phase or reason of Pods whose node is lost. */
const NODE_LOST = 'NodeLost';

/** What the containers say so far. */
interface Summary {
  reason: string;
  ready: number;
  restarts: number;
  /** ms; 0 when nothing restarted. */
  lastRestart: number;
}

const SUCCEEDED: readonly RowCondition[] = [
  { type: 'Completed', status: 'True', reason: 'Succeeded', message: 'The pod has completed successfully.' },
];
const FAILED: readonly RowCondition[] = [
  { type: 'Completed', status: 'True', reason: 'Failed', message: 'The pod failed.' },
];

export const podPrinter: Printer<Pod> = {
  columns: columnsOf('Pod', ...COLUMNS),
  cells(pod, now): Cell[] {
    const summary = summarize(pod);
    const { name, creationTimestamp } = pod.metadata;
    const total = pod.spec.containers.length + (pod.spec.initContainers ?? []).filter(isSidecar).length;
    return [
      name,
      `${summary.ready}/${total}`,
      finalReason(pod, summary.reason),
      restartsCell(summary, now),
      since(creationTimestamp, now),
      pod.status?.podIPs?.[0]?.ip || NONE,
      pod.spec.nodeName || NONE,
      pod.status?.nominatedNodeName || NONE,
      readinessGates(pod),
    ];
  },
  conditions(pod) {
    const phase = pod.status?.phase;
    return phase === 'Succeeded' ? SUCCEEDED : phase === 'Failed' ? FAILED : undefined;
  },
};

function isSidecar(container: Container | undefined): boolean {
  return container?.restartPolicy === 'Always';
}

function summarize(pod: Pod): Summary {
  const { status } = pod;
  const gated = (status?.conditions ?? []).some((c) => c.type === 'PodScheduled' && c.reason === 'SchedulingGated');
  const reason = gated ? 'SchedulingGated' : status?.reason || status?.phase || '';
  const summary: Summary = { reason, ready: 0, restarts: 0, lastRestart: 0 };
  const sidecars: Summary = { ...summary };
  const initializing = summarizeInit(pod, summary, sidecars);
  if (initializing && !hasCondition(pod, 'Initialized')) return summary;
  // Once the init containers are through, only the sidecars' restarts are told.
  summary.restarts = sidecars.restarts;
  summary.lastRestart = sidecars.lastRestart;
  summarizeContainers(pod, summary);
  return summary;
}

/** Returns whether the Pod is still initializing. */
function summarizeInit(pod: Pod, summary: Summary, sidecars: Summary): boolean {
  const specs = new Map((pod.spec.initContainers ?? []).map((c) => [c.name, c]));
  for (const [i, container] of (pod.status?.initContainerStatuses ?? []).entries()) {
    const sidecar = isSidecar(specs.get(container.name));
    countRestarts(summary, container);
    if (sidecar) countRestarts(sidecars, container);
    if (container.state?.terminated && container.state.terminated.exitCode === 0) continue;
    if (sidecar && container.started) {
      if (container.ready) summary.ready++;
      continue;
    }
    summary.reason = initReason(container.state, i, specs.size);
    return true;
  }
  return false;
}

function initReason(state: ContainerState | undefined, index: number, count: number): string {
  if (state?.terminated) return `Init:${terminatedReason(state.terminated)}`;
  const waiting = state?.waiting?.reason ?? '';
  return waiting !== '' && waiting !== 'PodInitializing' ? `Init:${waiting}` : `Init:${index}/${count}`;
}

function terminatedReason(terminated: NonNullable<ContainerState['terminated']>): string {
  if (terminated.reason) return terminated.reason;
  return terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode}`;
}

function countRestarts(summary: Summary, container: ContainerStatus): void {
  summary.restarts += container.restartCount;
  const finishedAt = container.lastState?.terminated?.finishedAt;
  if (finishedAt) summary.lastRestart = Math.max(summary.lastRestart, Date.parse(finishedAt));
}

function summarizeContainers(pod: Pod, summary: Summary): void {
  let running = false;
  // Backwards: the first container's reason is the one that stays.
  for (const container of [...(pod.status?.containerStatuses ?? [])].reverse()) {
    countRestarts(summary, container);
    const { waiting, terminated } = container.state ?? {};
    if (waiting?.reason) summary.reason = waiting.reason;
    else if (terminated) summary.reason = terminatedReason(terminated);
    else if (container.ready && container.state?.running) {
      running = true;
      summary.ready++;
    }
  }
  if (summary.reason === 'Completed' && running) {
    summary.reason = hasCondition(pod, 'Ready') ? 'Running' : 'NotReady';
  }
}

function hasCondition(pod: Pod, type: string): boolean {
  return (pod.status?.conditions ?? []).some((c) => c.type === type && c.status === 'True');
}

function finalReason(pod: Pod, reason: string): string {
  if (!pod.metadata.deletionTimestamp) return reason;
  if (pod.status?.reason === NODE_LOST) return 'Unknown';
  const ended = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
  return ended ? reason : 'Terminating';
}

function restartsCell({ restarts, lastRestart }: Summary, now: number): string {
  if (restarts === 0 || lastRestart === 0) return String(restarts);
  return `${restarts} (${humanDuration(now - lastRestart)} ago)`;
}

function readinessGates(pod: Pod): string {
  const gates = pod.spec.readinessGates ?? [];
  if (gates.length === 0) return NONE;
  return `${gates.filter((gate) => hasCondition(pod, gate.conditionType)).length}/${gates.length}`;
}
