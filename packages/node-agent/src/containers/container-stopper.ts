/**
 * Ends containers as Pods ask for it: preStop hook, stop signal, grace period, KILL
 * (upstream: pkg/kubelet/kuberuntime/kuberuntime_container.go, killContainer).
 */
import type { Container, Pod } from '@regatta/api';
import type { ClusterClock } from '@regatta/runtime';
import type { EventSink } from '../api/ports.ts';
import { containerReference, isRestartableInit } from '../pods/pod-names.ts';
import type { ContainerRecord, ContainerRuntime } from '../runtime/container-runtime.ts';
import type { HandlerRunner } from './handler-runner.ts';

/** A container gets at least this much time between its stop signal and KILL, unless grace is 0. */
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
    private readonly handlers: HandlerRunner,
    private readonly events: EventSink,
    private readonly clock: ClusterClock,
  ) {}

  async stop(request: StopRequest): Promise<void> {
    const { pod, container, record, grace } = request;
    if (this.runtime.container(record.id)?.state !== 'running') return;
    const message = request.message ?? `Stopping container ${container.name}`;
    this.events.event(containerReference(pod, container.name), 'Normal', 'Killing', message);
    const left = grace > 0 ? await this.#preStop(request) : 0;
    await this.runtime.stopContainer(record.id, left);
  }

  /**
   * Everything that runs: the main containers at once, then sidecars, the last one first
   * (upstream: kuberuntime_termination_order.go).
   */
  async stopPod(pod: Pod, records: readonly ContainerRecord[], podIp: string, grace: number): Promise<void> {
    const running = new Map(records.filter(({ state }) => state === 'running').map((record) => [record.name, record]));
    const stop = async (container: Container, left: number): Promise<void> => {
      const record = running.get(container.name);
      if (record) await this.stop({ pod, container, record, podIp, grace: left });
    };
    const startedAt = this.clock.now();
    const left = (): number => (grace === 0 ? 0 : Math.max(LEAST_GRACE_MS, grace - this.clock.elapsed(startedAt)));
    const init = pod.spec.initContainers ?? [];
    await Promise.all(
      [...pod.spec.containers, ...init.filter((c) => !isRestartableInit(c))].map((c) => stop(c, grace)),
    );
    for (const sidecar of init.filter(isRestartableInit).reverse()) await stop(sidecar, left());
  }

  /** Runs the preStop hook; answers how much of the grace period is left. */
  async #preStop({ pod, container, record, podIp, grace }: StopRequest): Promise<number> {
    const hook = container.lifecycle?.preStop;
    if (hook === undefined) return grace;
    const startedAt = this.clock.now();
    const result = await this.handlers.hook({ pod, container, containerId: record.id, podIp }, hook, grace);
    if (!result.ok) {
      this.events.event(containerReference(pod, container.name), 'Warning', 'FailedPreStopHook', 'PreStopHook failed');
    }
    return Math.max(LEAST_GRACE_MS, grace - this.clock.elapsed(startedAt));
  }
}
