/**
 * Starts and ends single containers for a Pod's worker: waits after crashes, what a failed start shows in the status,
 * which old instances are kept, and what lasts from before a restart of the whole Pod.
 */
import type { Container, Pod } from '@regatta/api';
import { containerResources } from '../containers/container-resources.ts';
import { StartError } from '../containers/start-error.ts';
import type { ContainerRecord, SandboxRecord } from '../runtime/container-runtime.ts';
import type { PodVolumes } from '../volumes/pod-volumes.ts';
import { CrashGate } from './crash-gate.ts';
import type { ContainerToKill, ContainerToUpdate } from './pod-actions.ts';
import type { PodAllocation } from './pod-allocation.ts';
import { attemptFromStatus, DEFAULT_GRACE_SECONDS, isEphemeral, uidOf } from './pod-names.ts';
import type { PodServices } from './pod-services.ts';
import type { StartFailure } from './status/container-statuses.ts';

/** Cluster milliseconds until a failed start is tried again (upstream: backOffPeriod of pkg/kubelet/kubelet.go). */
const RETRY_MS = 10_000;

export interface PodContainersOptions {
  readonly services: PodServices;
  readonly volumes: PodVolumes;
  readonly allocation: PodAllocation;
  /** Looks at the Pod again after so much cluster time. */
  again(purpose: string, delay: number): void;
  publish(): void;
}

export interface StartContext {
  readonly sandbox: SandboxRecord;
  readonly podIp: string;
  readonly signal: AbortSignal;
  /** The newest instance of a container that had ended when the worker last looked. */
  lastEnded(name: string): ContainerRecord | undefined;
}

export class PodContainers {
  readonly failures = new Map<string, StartFailure>();
  /** Made when something is put in: most Pods never need them. */
  #outdated: Set<string> | undefined;
  readonly #crashes: CrashGate;
  /** Containers whose postStart hook has not ended: they don't count as running yet. */
  #starting: Set<string> | undefined;
  #restartingAll = false;

  constructor(private readonly options: PodContainersOptions) {
    const { clock, events } = options.services;
    this.#crashes = new CrashGate(clock, events, this.failures);
  }

  /** True while everything is ended for a restart of the whole Pod. */
  get restartingAll(): boolean {
    return this.#restartingAll;
  }

  /** Whether the container of that name waits for its postStart hook. */
  isStarting(name: string): boolean {
    return this.#starting?.has(name) === true;
  }

  isOutdated(containerId: string): boolean {
    return this.#outdated?.has(containerId) === true;
  }

  records(pod: Pod): readonly ContainerRecord[] {
    return this.options.services.runtime.containers(uidOf(pod));
  }

  latest(pod: Pod, name: string): ContainerRecord | undefined {
    return this.records(pod).findLast((record) => record.name === name);
  }

  /** Starts one container unless it must wait; what fails is shown in its status and tried again later. */
  async start(pod: Pod, container: Container, context: StartContext): Promise<void> {
    const { name } = container;
    if (this.#mustWait(pod, container, context)) return;
    context.signal.throwIfAborted();
    const latest = this.latest(pod, name);
    const attempt = latest === undefined ? attemptFromStatus(pod, name) : latest.attempt + 1;
    if (container.lifecycle?.postStart) {
      this.#starting ??= new Set();
      this.#starting.add(name);
    }
    try {
      await this.#launch(pod, container, attempt, context);
      this.failures.delete(name);
      const started = this.latest(pod, name);
      if (started) this.options.allocation.actuated(started.id, container.resources);
      await this.#forgetOldInstances(pod, name);
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      this.failures.set(name, { reason: error.reason, message: error.message });
      this.options.again(`start ${name}`, error.retryAfter ?? RETRY_MS);
    } finally {
      this.#starting?.delete(name);
    }
    this.options.publish();
  }

  async kill(pod: Pod, { record, container, message, reason }: ContainerToKill, podIp: string): Promise<void> {
    const probe =
      reason === 'liveness' ? container.livenessProbe : reason === 'startup' ? container.startupProbe : undefined;
    const seconds =
      probe?.terminationGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS;
    await this.options.services.stopper.stop({ pod, container, record, podIp, grace: seconds * 1000, message });
  }

  /** Gives running containers other resources. @returns what could not be done, and why */
  async resizeAll(updates: readonly ContainerToUpdate[]): Promise<string[]> {
    const failures: string[] = [];
    for (const update of updates) {
      const why = await this.#resize(update);
      if (why) failures.push(why);
    }
    return failures;
  }

  /** @returns why it can't, as upstream's kubelet tells it */
  async #resize({ record, container }: ContainerToUpdate): Promise<string | undefined> {
    const { runtime } = this.options.services;
    const wanted = containerResources(container.resources);
    const used = runtime.memoryUsed(record.id);
    if (wanted.memoryLimit !== undefined && wanted.memoryLimit < used) {
      const name = JSON.stringify(container.name);
      return `attempting to set container ${name} memory limit (${wanted.memoryLimit}) below current usage (${used})`;
    }
    await runtime.updateContainer(record.id, wanted);
    this.options.allocation.actuated(record.id, container.resources);
    return undefined;
  }

  /** A container's rule asks for it: everything ends at once, and nothing of what ran so far counts any more. */
  async restartAll(pod: Pod, podIp: string): Promise<void> {
    const records = this.records(pod);
    this.#restartingAll = true;
    this.options.publish();
    await this.options.services.stopper.stopPod(pod, records, podIp, 0);
    this.#outdated ??= new Set();
    for (const { id, name } of records) if (!isEphemeral(pod, name)) this.#outdated.add(id);
    this.#restartingAll = false;
  }

  #launch(pod: Pod, container: Container, attempt: number, { sandbox, podIp, signal }: StartContext): Promise<void> {
    const { services, volumes } = this.options;
    const { ip: hostIp, allocatable } = services.node;
    const context = { podIp, hostIp, allocatable };
    const target = targetOf(pod, container.name);
    const targetId = target === undefined ? undefined : this.latest(pod, target)?.id;
    return services.starter.start({
      pod,
      container,
      sandbox,
      attempt,
      volumes,
      context,
      signal,
      ...(targetId === undefined ? {} : { targetContainerId: targetId }),
    });
  }

  /** Whether it must wait after a crash; it shows so, and is looked at again when the time has come. */
  #mustWait(pod: Pod, container: Container, { lastEnded }: StartContext): boolean {
    const wait = this.#crashes.check(pod, container, lastEnded(container.name));
    if (wait === 0) return false;
    this.options.again(`start ${container.name}`, wait);
    this.options.publish();
    return true;
  }

  /** Of each container the last two instances are kept: for its state and its last state. */
  async #forgetOldInstances(pod: Pod, name: string): Promise<void> {
    const instances = this.records(pod).filter((record) => record.name === name);
    for (const { id } of instances.slice(0, -2)) {
      this.#outdated?.delete(id);
      this.options.allocation.forget(id);
      await this.options.services.runtime.removeContainer(id);
    }
  }
}

/** The container that an ephemeral one was put in to look at. */
function targetOf(pod: Pod, name: string): string | undefined {
  return pod.spec.ephemeralContainers?.find((container) => container.name === name)?.targetContainerName;
}
