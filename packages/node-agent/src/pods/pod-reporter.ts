/**
 * Makes a Pod's status from what its node knows, and hands it to the status manager.
 *
 * Invariant: a phase is final only when nothing runs any more.
 */
import type { Pod, PodStatus } from '@regatta/api';
import type { ContainerRecord } from '../runtime/container-runtime.ts';
import type { PodAllocation } from './pod-allocation.ts';
import type { PodContainers } from './pod-containers.ts';
import { isTerminalPhase, uidOf } from './pod-names.ts';
import type { PodServices } from './pod-services.ts';
import { type PodEnd, podStatus } from './status/pod-status.ts';

/** How much of a log stands in for a termination message. */
const LOG_TAIL_LINES = 80;
const LOG_TAIL_BYTES = 2048;

export interface PodOutcome {
  /** Everything has ended, for good. */
  readonly isOver: boolean;
  readonly end: PodEnd | undefined;
}

export class PodReporter {
  constructor(
    private readonly services: PodServices,
    private readonly containers: PodContainers,
    private readonly allocation: PodAllocation,
    private readonly acceptedAt: number,
  ) {}

  /** @returns the status as the node sees it, which may be ahead of what is reported */
  publish(known: Pod, { isOver, end }: PodOutcome): PodStatus {
    const { statuses, probes, node, clock, runtime } = this.services;
    const current = statuses.current(known);
    const pod = this.allocation.resolve(current);
    const records = this.#records(pod);
    const status = podStatus({
      pod,
      records,
      isStarting: (name) => this.containers.isStarting(name),
      failure: (name) => this.containers.failures.get(name),
      verdicts: (id) => probes.verdicts(id),
      lastWords: (id) => this.#lastWords(id),
      sandbox: runtime.sandboxes(uidOf(pod)).at(-1),
      nodeIp: node.ip,
      isOver,
      resize: this.allocation.conditions(),
      resourcesOf: (id) => this.allocation.resourcesOf(id),
      restartingAll: this.containers.restartingAll,
      end,
      acceptedAt: this.acceptedAt,
      now: clock.now(),
    });
    const mayBeFinal = isOver || !records.some(({ state }) => state === 'running');
    statuses.set(current, mayBeFinal ? status : withoutEnd(status, pod));
    return status;
  }

  /**
   * Whether the API should hear of it now. Steps in between (a sandbox, a container that was made but not started) go
   * with the next write; when everything of a terminating Pod has ended, so does what is put away after it.
   */
  isWorthReporting(pod: Pod, terminating: boolean): boolean {
    const latest = new Map(this.#records(pod).map((record) => [record.name, record]));
    const states = [...latest.values()].map(({ state }) => state);
    if (states.length === 0 || states.includes('created')) return false;
    return !terminating || states.includes('running');
  }

  #records(pod: Pod): readonly ContainerRecord[] {
    return this.services.runtime.containers(uidOf(pod));
  }

  #lastWords(containerId: string): string {
    const lines = this.services.runtime.log(containerId)?.lines() ?? [];
    const text = lines
      .slice(-LOG_TAIL_LINES)
      .map(({ text: line, partial }) => Buffer.from(line).toString() + (partial ? '' : '\n'))
      .join('');
    return text.slice(-LOG_TAIL_BYTES);
  }
}

/** What upstream reports while containers of a Pod that is over still run: its new conditions, under its old phase. */
function withoutEnd(status: PodStatus, pod: Pod): PodStatus {
  if (!isTerminalPhase(status.phase)) return status;
  const { reason: _reason, message: _message, ...rest } = status;
  return { ...rest, phase: pod.status?.phase ?? 'Pending' };
}
