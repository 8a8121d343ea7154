/**
 * Ends containers as Pods ask for it: preStop hook, stop signal, grace period, KILL
 * (upstream: pkg/kubelet/kuberuntime/kuberuntime_container.go, killContainer).
 */
import type { Container, Pod } from '@regatta/api';
import type { ClusterClock } from '@regatta/runtime';
import type { EventSink } from '../api/ports.ts';
import { HookError, type HookRunner } from '../handlers/hook-runner.ts';
import { allContainers, containerReference, isRestartableInit } from '../pods/pod-names.ts';
import type { ContainerRecord, ContainerRuntime } from '../runtime/container-runtime.ts';

/** A container gets at least this much time between its stop signal and KILL. */
const LEAST_GRACE_MS = 2_000;

export interface StopRequest {
  readonly pod: Pod;
  readonly container: Container;
  readonly record: ContainerRecord;
  readonly podIp: string;
  /** Cluster milliseconds. */
  readonly grace: number;
  /** For the Killing event; the usual words unless told. */
  readonly message?: string;
}

export class ContainerStopper {
  constructor(
    private readonly runtime: ContainerRuntime,
    private readonly hooks: HookRunner,
    private readonly events: EventSink,
    private readonly clock: ClusterClock,
  ) {}

  /** @param turn others that must have ended before, as far as the grace period allows */
  async stop(request: StopRequest, turn?: Promise<unknown>): Promise<void> {
    const { pod, container, record, grace } = request;
    if (this.runtime.container(record.id)?.state !== 'running') return;
    const message = request.message ?? `Stopping container ${container.name}`;
    this.events.event(containerReference(pod, container.name), 'Normal', 'Killing', message);
    const startedAt = this.clock.now();
    const left = (): number => grace - this.clock.elapsed(startedAt);
    if (grace > 0) await this.#preStop(request);
    if (turn && left() > 0) await this.#atMost(left(), turn);
    await this.runtime.stopContainer(record.id, Math.max(LEAST_GRACE_MS, left()));
  }

  /**
   * Everything that runs: the main containers at once, then sidecars, the last one first; hooks run at once for all
   * (upstream: kuberuntime_termination_order.go).
   */
  async stopPod(pod: Pod, records: readonly ContainerRecord[], podIp: string, grace: number): Promise<void> {
    const running = new Map(records.filter(({ state }) => state === 'running').map((record) => [record.name, record]));
    const stop = async (container: Container, turn?: Promise<unknown>): Promise<void> => {
      const record = running.get(container.name);
      if (record) await this.stop({ pod, container, record, podIp, grace }, turn);
    };
    const sidecars = pod.spec.initContainers?.filter(isRestartableInit) ?? [];
    const first = allContainers(pod).filter((container) => !sidecars.includes(container));
    let turn: Promise<unknown> = Promise.all(first.map((container) => stop(container)));
    for (const sidecar of sidecars.reverse()) turn = Promise.all([turn, stop(sidecar, turn)]);
    await turn;
  }

  #atMost(time: number, work: Promise<unknown>): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = this.clock.setTimer(time, resolve);
      work.then(() => resolve(), reject).finally(() => timer.cancel());
    });
  }

  async #preStop({ pod, container, record, podIp, grace }: StopRequest): Promise<void> {
    const hook = container.lifecycle?.preStop;
    if (hook === undefined) return;
    const late = new AbortController();
    const timer = this.clock.setTimer(grace, () => late.abort(new Error('the grace period is over')));
    try {
      await this.hooks.run({ pod, container, containerId: record.id, podIp }, hook, late.signal);
    } catch (error) {
      if (late.signal.aborted) return;
      if (!(error instanceof HookError)) throw error;
      this.events.event(containerReference(pod, container.name), 'Warning', 'FailedPreStopHook', 'PreStopHook failed');
    } finally {
      timer.cancel();
    }
  }
}
