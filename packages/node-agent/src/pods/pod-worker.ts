/**
 * The life of one Pod on its node: one serial, level-triggered loop (upstream: pkg/kubelet/pod_workers.go and
 * kubelet.go, SyncPod / SyncTerminatingPod / SyncTerminatedPod).
 *
 * Invariants: at most one step runs at a time; a step looks at the newest Pod and the runtime's records and does what is
 * missing; once a Pod is terminating it never goes back; an ending interrupts what a step waits for (image pulls).
 */
import type { Pod, PodStatus } from '@regatta/api';
import { Backoff, type Timer } from '@regatta/runtime';
import { parseTime } from '../api/timestamps.ts';
import type { ContainerRecord, SandboxRecord } from '../runtime/container-runtime.ts';
import { PodVolumes } from '../volumes/pod-volumes.ts';
import { VolumeError } from '../volumes/volume-error.ts';
import { computePodActions, type PodActions } from './pod-actions.ts';
import { PodAllocation, type ResizeVerdict } from './pod-allocation.ts';
import { PodContainers } from './pod-containers.ts';
import { DEFAULT_GRACE_SECONDS, formatPod, isHostNetwork, isTerminalPhase, podReference, uidOf } from './pod-names.ts';
import { PodReporter } from './pod-reporter.ts';
import { replaceSandbox, tellOfChange } from './pod-sandbox.ts';
import type { PodServices } from './pod-services.ts';
import { wantsOther } from './pod-updates.ts';
import type { PodEnd } from './status/pod-status.ts';

/** Cluster milliseconds until a resize that the runtime refused is tried again. */
const RESIZE_RETRY_MS = 10_000;
/** Cluster milliseconds: retries of a failed step, and how old files from API objects may get. */
const RETRY = { base: 500, max: 122_000 };

const NETWORK_NOT_READY =
  'network is not ready: container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized';

/** What a worker needs of the node's other Pods. */
export interface PodNeighbours {
  /** What becomes of a resize, with what the others have. */
  judge(pod: Pod): ResizeVerdict;
  onResized(): void;
  /** The Pod is gone from the API and from here. */
  onDone(): void;
}

export class PodWorker {
  /** As it runs here: with the resources that it was given. */
  #pod: Pod;
  /** As the API has it. */
  #asked: Pod;
  #stage: 'syncing' | 'terminating' | 'terminated' = 'syncing';
  /** The API object is gone: nobody is left to report to. */
  #gone = false;
  #end: PodEnd | undefined;
  #over = false;
  #seen = false;
  #wanted = false;
  #running = false;
  #interrupt = new AbortController();
  #grace: number | undefined;
  readonly #acceptedAt: number;
  readonly #containers: PodContainers;
  readonly #allocation: PodAllocation;
  readonly #retries = new Backoff(RETRY);
  readonly #timers = new Map<string, Timer>();
  readonly #volumes: PodVolumes;
  readonly #reporter: PodReporter;

  constructor(
    pod: Pod,
    private readonly services: PodServices,
    private readonly neighbours: PodNeighbours,
  ) {
    this.#pod = pod;
    this.#asked = pod;
    this.#allocation = new PodAllocation(pod);
    this.#acceptedAt = services.clock.now();
    this.#volumes = new PodVolumes(pod, services.volumes);
    this.#containers = new PodContainers({
      services,
      volumes: this.#volumes,
      allocation: this.#allocation,
      again: (purpose, delay) => this.#after(purpose, delay),
      publish: () => this.#publish(),
    });
    this.#reporter = new PodReporter(services, this.#containers, this.#allocation, this.#acceptedAt);
    if (isTerminalPhase(pod.status?.phase)) this.#begin('terminating');
  }

  get pod(): Pod {
    return this.#pod;
  }

  /** Whether it still counts against the node's resources. */
  get isActive(): boolean {
    return this.#stage !== 'terminated' && !this.#over;
  }

  /** The API has this state of the Pod. */
  update(pod: Pod): void {
    const before = this.#pod;
    this.services.statuses.observe(pod);
    this.#asked = pod;
    this.considerResize();
    if (pod.metadata.deletionTimestamp !== undefined) this.#shorten(pod.metadata.deletionGracePeriodSeconds);
    // Most updates are this node's own reports coming back: nothing is to be done about them.
    if (!this.#seen || wantsOther(before, pod)) this.wake();
    else if (pod.spec.readinessGates && this.#stage === 'syncing') this.#publish();
    this.#seen = true;
  }

  /** Whether it could not be given what it asks for. */
  get isRefusedResize(): boolean {
    return this.#allocation.isRefused;
  }

  /** There may be room now for what the Pod asks for. */
  considerResize(): void {
    const event = this.#stage === 'syncing' ? this.#allocation.consider(this.#asked, this.neighbours.judge) : undefined;
    this.#pod = this.#allocation.resolve(this.#asked);
    if (event === undefined) return;
    this.services.events.event(podReference(this.#asked), event.type, event.reason, event.message);
    this.wake();
  }

  /** The API no longer has the Pod. */
  gone(last: Pod = this.#pod): void {
    this.#pod = this.#allocation.resolve(last);
    this.#gone = true;
    this.services.statuses.forget(uidOf(last));
    this.#shorten(last.metadata.deletionGracePeriodSeconds);
    this.wake();
  }

  /** Refused by the node, or ended by it. */
  fail(end: PodEnd): void {
    this.#end = end;
    if (end.graceSeconds === undefined) this.#begin('terminating');
    else this.#shorten(end.graceSeconds);
    this.wake();
  }

  /** The runtime's records or a probe's verdict changed. */
  changed(): void {
    if (this.#stage === 'terminated' || !this.#reporter.isWorthReporting(this.#pod, this.#stage === 'terminating'))
      return;
    this.#publish();
    this.wake();
  }

  wake(): void {
    this.#wanted = true;
    if (!this.#running) void this.#loop();
  }

  /** Forgets timers; used when the agent ends. */
  close(): void {
    this.#interrupt.abort(new Error('the node-agent is ending'));
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
    this.#volumes.close();
  }

  async #loop(): Promise<void> {
    this.#running = true;
    while (this.#wanted && !this.services.signal.aborted) {
      this.#wanted = false;
      try {
        await this.#step();
        this.#retries.reset('step');
      } catch (error) {
        this.#stepFailed(error);
      }
    }
    this.#running = false;
  }

  #stepFailed(error: unknown): void {
    if (this.#interrupt.signal.aborted && this.#stage === 'syncing') return;
    if (!(error instanceof VolumeError)) {
      this.services.logger.warn('a pod step failed', { pod: formatPod(this.#pod), error });
    }
    this.#after('retry', this.#retries.next('step'));
  }

  /** Looks again after `delay` milliseconds of cluster time. One timer a purpose. */
  #after(purpose: string, delay: number): void {
    this.#timers.get(purpose)?.cancel();
    this.#timers.set(
      purpose,
      this.services.clock.setTimer(delay, () => {
        this.#timers.delete(purpose);
        this.wake();
      }),
    );
  }

  async #step(): Promise<void> {
    if (this.#stage === 'terminated') return this.#afterEnd();
    if (this.#stage === 'terminating') return this.#terminate();
    this.#checkDeadline();
    const status = this.#publish();
    if (isTerminalPhase(status?.phase)) this.#begin('terminating');
    if (this.#stage !== 'syncing') return this.#terminate();
    await this.#sync();
  }

  // Running

  async #sync(): Promise<void> {
    const pod = this.#pod;
    if (!isHostNetwork(pod) && !this.services.network.ready) {
      this.services.events.event(podReference(pod), 'Warning', 'NetworkNotReady', NETWORK_NOT_READY);
      return this.#after('network', RETRY.base);
    }
    await this.#mountVolumes(pod);
    this.#interrupt.signal.throwIfAborted();
    const actions = computePodActions(pod, this.#state());
    const before = this.#records();
    if (actions.restartAll) {
      await this.#containers.restartAll(pod, this.#podIp());
      return this.wake();
    }
    const failures = await this.#containers.resizeAll(actions.toUpdate);
    for (const kill of actions.toKill) await this.#containers.kill(pod, kill, this.#podIp());
    if (actions.killPod && !actions.createSandbox) {
      this.#begin('terminating');
      return this.#terminate();
    }
    const sandbox = actions.createSandbox ? await this.#newSandbox(actions) : this.#sandbox();
    if (sandbox === undefined) return;
    this.#volumes.setContext(this.#context());
    const context = {
      sandbox,
      podIp: this.#podIp(),
      signal: this.#interrupt.signal,
      lastEnded: (name: string) => before.findLast((record) => record.name === name && record.state === 'exited'),
    };
    for (const container of [...actions.ephemeralToStart, ...actions.initToStart, ...actions.toStart])
      await this.#containers.start(pod, container, context);
    this.services.probes.follow(pod, this.#records());
    this.#endResize(pod, failures);
  }

  /** Everything that runs has what it was given, or it is tried again: what is used may become less. */
  #endResize(pod: Pod, failures: readonly string[]): void {
    if (failures.length > 0) this.#after('resize', RESIZE_RETRY_MS);
    else if (this.#pod.metadata.generation !== pod.metadata.generation) return;
    const isDone = failures.length === 0;
    const event = isDone ? this.#allocation.completed(pod) : this.#allocation.failed(pod, failures.join(', '));
    if (event === undefined) return;
    this.services.events.event(podReference(pod), event.type, event.reason, event.message);
    this.#publish();
    if (isDone) this.neighbours.onResized();
  }

  async #mountVolumes(pod: Pod): Promise<void> {
    try {
      await this.#volumes.mount(pod, this.#context());
    } catch (error) {
      if (error instanceof VolumeError)
        this.services.events.event(podReference(pod), 'Warning', 'FailedMount', error.message);
      throw error;
    }
  }

  #context() {
    const { node } = this.services;
    return { podIp: this.#podIp(), hostIp: node.ip, allocatable: node.allocatable };
  }

  #podIp(): string {
    return isHostNetwork(this.#pod) ? this.services.node.ip : (this.#sandbox()?.ip ?? '');
  }

  /** What is left of an old sandbox goes; a new one is made when there is something to run in it. */
  async #newSandbox({ sandboxChanged, attempt }: PodActions): Promise<SandboxRecord> {
    const pod = this.#pod;
    if (sandboxChanged) tellOfChange(pod, this.services);
    await this.services.stopper.stopPod(pod, this.#records(), this.#podIp(), this.#graceOf(pod));
    return replaceSandbox(pod, attempt, this.services);
  }

  #checkDeadline(): void {
    const { activeDeadlineSeconds } = this.#pod.spec;
    if (activeDeadlineSeconds === undefined) return;
    const reported = parseTime(this.#pod.status?.startTime) ?? this.#acceptedAt;
    // The API has whole seconds: at speed 50 nearly a minute of cluster time would be lost.
    const startedAt = this.#acceptedAt - reported < 1000 ? this.#acceptedAt : reported;
    const left = activeDeadlineSeconds * 1000 - this.services.clock.elapsed(startedAt);
    if (left > 0) return this.#after('deadline', left);
    const message = 'Pod was active on the node longer than the specified deadline';
    this.services.events.event(podReference(this.#pod), 'Normal', 'DeadlineExceeded', message);
    this.#end = { reason: 'DeadlineExceeded', message };
    this.#begin('terminating');
  }

  // Ending

  #begin(stage: 'terminating'): void {
    if (this.#stage !== 'syncing') return;
    this.#stage = stage;
    this.#interrupt.abort(new Error('the pod is terminating'));
  }

  /** A grace period is asked for; a shorter one than before replaces it. */
  #shorten(seconds: number | undefined): void {
    this.#begin('terminating');
    const grace = (seconds ?? this.#pod.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS) * 1000;
    if (this.#grace !== undefined && grace >= this.#grace) return;
    const isShorter = this.#grace !== undefined;
    this.#grace = grace;
    if (isShorter && this.#running)
      void this.services.stopper.stopPod(this.#pod, this.#records(), this.#podIp(), grace);
  }

  #graceOf(pod: Pod): number {
    return this.#grace ?? (pod.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS) * 1000;
  }

  async #terminate(): Promise<void> {
    const pod = this.#pod;
    const uid = uidOf(pod);
    const { runtime, stopper } = this.services;
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
    if (this.#end === undefined) this.#publish();
    this.services.probes.stopRestarting(uid);
    await stopper.stopPod(pod, this.#records(), this.#podIp(), this.#graceOf(pod));
    for (const sandbox of runtime.sandboxes(uid)) await runtime.stopSandbox(sandbox.id);
    this.services.probes.forget(uid);
    this.#publishEnd();
    this.#stage = 'terminated';
    this.#volumes.remove();
    await this.#afterEnd();
  }

  #publishEnd(): void {
    this.#over = true;
    this.#publish();
    if (this.#stage === 'syncing') this.#begin('terminating');
    this.#wanted = true;
  }

  /** The Pod is over. It is kept, with its logs, until the API lets it go. */
  async #afterEnd(): Promise<void> {
    this.#wanted = false;
    if (!this.#gone) {
      this.#publish();
      if (this.#pod.metadata.deletionTimestamp !== undefined) this.services.statuses.finish(this.#pod);
      return;
    }
    const uid = uidOf(this.#pod);
    const { runtime } = this.services;
    for (const record of runtime.containers(uid)) await runtime.removeContainer(record.id);
    for (const sandbox of runtime.sandboxes(uid)) await runtime.removeSandbox(sandbox.id);
    this.services.puller.forget(this.#pod);
    this.#volumes.remove();
    this.close();
    this.neighbours.onDone();
  }

  #publish(): PodStatus | undefined {
    if (this.#gone) return undefined;
    return this.#reporter.publish(this.#pod, { isOver: this.#over, end: this.#end });
  }

  #records(): readonly ContainerRecord[] {
    return this.services.runtime.containers(uidOf(this.#pod));
  }

  #sandbox(): SandboxRecord | undefined {
    return this.services.runtime.sandboxes(uidOf(this.#pod)).at(-1);
  }

  #state() {
    return {
      sandbox: this.#sandbox(),
      latest: (name: string) => this.#containers.latest(this.#pod, name),
      isOutdated: (id: string) => this.#containers.isOutdated(id),
      verdicts: (id: string) => this.services.probes.verdicts(id),
    };
  }
}
