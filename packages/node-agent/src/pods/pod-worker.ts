/**
 * The life of one Pod on its node: one serial, level-triggered loop (upstream: pkg/kubelet/pod_workers.go and
 * kubelet.go, SyncPod / SyncTerminatingPod / SyncTerminatedPod).
 *
 * Invariants: at most one step runs at a time; a step looks at the newest Pod and the runtime's records and does what is
 * missing; once a Pod is terminating it never goes back; an ending interrupts what a step waits for (image pulls).
 */
import type { Container, Pod, PodStatus } from '@regatta/api';
import { Backoff, type Timer } from '@regatta/runtime';
import { jsonEqual } from '../api/json-equal.ts';
import { parseTime } from '../api/timestamps.ts';
import { StartError } from '../containers/start-error.ts';
import type { ContainerRecord, SandboxRecord } from '../runtime/container-runtime.ts';
import { PodVolumes } from '../volumes/pod-volumes.ts';
import { VolumeError } from '../volumes/volume-content.ts';
import { CrashBackoff } from './crash-backoff.ts';
import { computePodActions, type PodActions } from './pod-actions.ts';
import {
  containerReference,
  formatPod,
  hostnameOf,
  isHostNetwork,
  isTerminalPhase,
  podReference,
  uidOf,
} from './pod-names.ts';
import type { PodServices } from './pod-services.ts';
import type { StartFailure } from './status/container-statuses.ts';
import { type PodEnd, podStatus } from './status/pod-status.ts';

/** Cluster milliseconds: retries of a failed step, and how old files from API objects may get. */
const RETRY = { base: 500, max: 122_000 };
const VOLUME_REFRESH_MS = 60_000;
const DEFAULT_GRACE_SECONDS = 30;
const LOG_TAIL_LINES = 80;
const LOG_TAIL_BYTES = 2048;

const NETWORK_NOT_READY =
  'network is not ready: container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized';

export class PodWorker {
  #pod: Pod;
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
  #volumesAt: number | undefined;
  readonly #acceptedAt: number;
  readonly #failures = new Map<string, StartFailure>();
  readonly #crashes: CrashBackoff;
  readonly #retries = new Backoff(RETRY);
  readonly #timers = new Map<string, Timer>();
  readonly #volumes: PodVolumes;

  constructor(
    pod: Pod,
    private readonly services: PodServices,
    private readonly onDone: () => void,
  ) {
    this.#pod = pod;
    this.#acceptedAt = services.clock.now();
    this.#crashes = new CrashBackoff(services.clock);
    this.#volumes = new PodVolumes(pod, services.volumes);
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
    this.#pod = pod;
    this.services.statuses.observe(pod);
    if (pod.metadata.deletionTimestamp !== undefined) this.#shorten(pod.metadata.deletionGracePeriodSeconds);
    // Most updates are this node's own reports coming back: nothing is to be done about them.
    if (!this.#seen || wantsOther(before, pod)) this.wake();
    else if (pod.spec.readinessGates && this.#stage === 'syncing') this.#publish();
    this.#seen = true;
  }

  /** The API no longer has the Pod. */
  gone(last: Pod = this.#pod): void {
    this.#pod = last;
    this.#gone = true;
    this.services.statuses.forget(uidOf(last));
    this.#shorten(last.metadata.deletionGracePeriodSeconds);
    this.wake();
  }

  /** Refused by the node, or ended by it. */
  fail(end: PodEnd): void {
    this.#end = end;
    this.#begin('terminating');
    this.wake();
  }

  /** The runtime's records or a probe's verdict changed. */
  changed(): void {
    if (!this.#worthReporting()) return;
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
    for (const kill of actions.toKill) await this.#restart(kill);
    const sandbox = actions.killPod ? await this.#newSandbox(actions) : this.#sandbox();
    this.#volumes.setContext(this.#context());
    if (sandbox === undefined) return this.#publishEnd();
    for (const container of [...actions.initToStart, ...actions.toStart]) await this.#start(container, sandbox);
    this.services.probes.follow(pod, this.#records());
  }

  async #mountVolumes(pod: Pod): Promise<void> {
    if ((pod.spec.volumes ?? []).length === 0) return;
    const { clock } = this.services;
    if (this.#volumesAt !== undefined && clock.elapsed(this.#volumesAt) < VOLUME_REFRESH_MS) return;
    try {
      await this.#volumes.mount(pod, this.#context());
    } catch (error) {
      if (error instanceof VolumeError)
        this.services.events.event(podReference(pod), 'Warning', 'FailedMount', error.message);
      throw error;
    }
    this.#volumesAt = clock.now();
    this.#after('volumes', VOLUME_REFRESH_MS);
  }

  #context() {
    const { node } = this.services;
    return { podIp: this.#podIp(), hostIp: node.ip, allocatable: node.allocatable };
  }

  #podIp(): string {
    return isHostNetwork(this.#pod) ? this.services.node.ip : (this.#sandbox()?.ip ?? '');
  }

  /** What is left of an old sandbox goes; a new one is made when there is something to run in it. */
  async #newSandbox(actions: PodActions): Promise<SandboxRecord | undefined> {
    const pod = this.#pod;
    const { runtime, events } = this.services;
    if (actions.sandboxChanged && actions.createSandbox) {
      events.event(
        podReference(pod),
        'Normal',
        'SandboxChanged',
        'Pod sandbox changed, it will be killed and re-created.',
      );
    }
    await this.services.stopper.stopPod(pod, this.#records(), this.#podIp(), this.#graceOf(pod));
    for (const old of runtime.sandboxes(uidOf(pod))) await runtime.removeSandbox(old.id);
    if (!actions.createSandbox) return undefined;
    const { name, namespace = '' } = pod.metadata;
    try {
      return await runtime.runSandbox({
        podUid: uidOf(pod),
        namespace,
        name,
        attempt: actions.attempt,
        hostname: isHostNetwork(pod) ? this.services.node.name : hostnameOf(pod),
        hostNetwork: isHostNetwork(pod),
      });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      events.event(podReference(pod), 'Warning', 'FailedCreatePodSandBox', `Failed to create pod sandbox: ${why}`);
      throw error;
    }
  }

  async #restart(kill: PodActions['toKill'][number]): Promise<void> {
    const { record, container, message, reason } = kill;
    const probe =
      reason === 'liveness' ? container.livenessProbe : reason === 'startup' ? container.startupProbe : undefined;
    const grace =
      (probe?.terminationGracePeriodSeconds ?? this.#pod.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS) *
      1000;
    await this.services.stopper.stop({ pod: this.#pod, container, record, podIp: this.#podIp(), grace, message });
  }

  /** Starts one container unless it must wait; what fails is shown in its status and tried again later. */
  async #start(container: Container, sandbox: SandboxRecord): Promise<void> {
    const pod = this.#pod;
    const latest = this.#latest(container.name);
    if (this.#mustWait(container, latest)) return;
    this.#interrupt.signal.throwIfAborted();
    const attempt = latest === undefined ? this.#attemptFromStatus(container.name) : latest.attempt + 1;
    try {
      const signal = this.#interrupt.signal;
      await this.services.starter.start({
        pod,
        container,
        sandbox,
        attempt,
        volumes: this.#volumes,
        context: this.#context(),
        signal,
      });
      this.#failures.delete(container.name);
      await this.#forgetOldInstances(container.name);
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      this.#failures.set(container.name, { reason: error.reason, message: error.message });
      this.#after(`start ${container.name}`, error.retryAfter ?? this.#retries.next(container.name));
    }
    this.#publish();
  }

  /** CrashLoopBackOff (upstream: kuberuntime_manager.go, doBackOff). */
  #mustWait(container: Container, latest: ContainerRecord | undefined): boolean {
    if (latest?.state !== 'exited' || latest.finishedAt === undefined || this.#isImageFailure(container.name))
      return false;
    const wait = this.#crashes.remaining(container.name, latest.finishedAt);
    if (wait <= 0) {
      this.#crashes.next(container.name, latest.finishedAt);
      return false;
    }
    const pod = this.#pod;
    if (this.#failures.get(container.name)?.reason !== 'CrashLoopBackOff') {
      const text = `Back-off restarting failed container ${container.name} in pod ${formatPod(pod)}`;
      this.services.events.event(containerReference(pod, container.name), 'Warning', 'BackOff', text);
    }
    const delay = formatSeconds(this.#crashes.delay(container.name));
    const message = `back-off ${delay} restarting failed container=${container.name} pod=${formatPod(pod)}`;
    this.#failures.set(container.name, { reason: 'CrashLoopBackOff', message });
    this.#after(`start ${container.name}`, wait);
    this.#publish();
    return true;
  }

  /** It waits for its image already: the crash before is paid for. */
  #isImageFailure(name: string): boolean {
    const reason = this.#failures.get(name)?.reason ?? '';
    return reason === 'ErrImagePull' || reason === 'ImagePullBackOff';
  }

  /** After a loss of the node's disk the API still knows how often a container was started. */
  #attemptFromStatus(name: string): number {
    const { containerStatuses = [], initContainerStatuses = [] } = this.#pod.status ?? {};
    const before = [...containerStatuses, ...initContainerStatuses].find((status) => status.name === name);
    const hasRun = before?.state?.running !== undefined || before?.state?.terminated !== undefined;
    return (before?.restartCount ?? 0) + (hasRun ? 1 : 0);
  }

  /** Of each container the last two instances are kept: for its state and its last state. */
  async #forgetOldInstances(name: string): Promise<void> {
    const instances = this.#records().filter((record) => record.name === name);
    for (const old of instances.slice(0, -2)) await this.services.runtime.removeContainer(old.id);
  }

  #checkDeadline(): void {
    const { activeDeadlineSeconds } = this.#pod.spec;
    if (activeDeadlineSeconds === undefined) return;
    const startedAt = parseTime(this.#pod.status?.startTime) ?? this.#acceptedAt;
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
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
    if (this.#end === undefined) this.#publish();
    this.services.probes.stopRestarting(uid);
    await this.services.stopper.stopPod(pod, this.#records(), this.#podIp(), this.#graceOf(pod));
    for (const sandbox of this.services.runtime.sandboxes(uid)) await this.services.runtime.stopSandbox(sandbox.id);
    this.services.probes.forget(uid);
    this.#publishEnd();
    this.#stage = 'terminated';
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
    this.close();
    this.onDone();
  }

  // Reporting

  #publish() {
    if (this.#gone) return undefined;
    const pod = this.services.statuses.current(this.#pod);
    const status = podStatus({
      pod,
      records: this.#records(),
      failure: (name) => this.#failures.get(name),
      verdicts: (id) => this.services.probes.verdicts(id),
      lastWords: (id) => this.#lastWords(id),
      sandbox: this.#sandbox(),
      nodeIp: this.services.node.ip,
      isOver: this.#over,
      end: this.#end,
      acceptedAt: this.#acceptedAt,
      now: this.services.clock.now(),
    });
    this.services.statuses.set(pod, this.#mayBeFinal() ? status : withoutEnd(status, pod));
    return status;
  }

  /**
   * Whether the API should hear of it now. Steps in between (a sandbox, a container that was made but not started) go
   * with the next write; when everything has ended, so does what is put away after it.
   */
  #worthReporting(): boolean {
    if (this.#stage === 'terminated') return false;
    const latest = new Map(this.#records().map((record) => [record.name, record]));
    const states = [...latest.values()].map(({ state }) => state);
    if (states.length === 0 || states.includes('created')) return false;
    return this.#stage === 'syncing' || states.includes('running');
  }

  /** A phase is final only when nothing runs any more. */
  #mayBeFinal(): boolean {
    return this.#over || !this.#records().some(({ state }) => state === 'running');
  }

  #lastWords(containerId: string): string {
    const lines = this.services.runtime.log(containerId)?.lines() ?? [];
    const text = lines
      .slice(-LOG_TAIL_LINES)
      .map((line) => Buffer.from(line.text).toString())
      .join('\n');
    return text.slice(-LOG_TAIL_BYTES);
  }

  #records(): readonly ContainerRecord[] {
    return this.services.runtime.containers(uidOf(this.#pod));
  }

  #latest(name: string): ContainerRecord | undefined {
    return this.#records().findLast((record) => record.name === name);
  }

  #sandbox(): SandboxRecord | undefined {
    return this.services.runtime.sandboxes(uidOf(this.#pod)).at(-1);
  }

  #state() {
    return {
      sandbox: this.#sandbox(),
      latest: (name: string) => this.#latest(name),
      verdicts: (id: string) => this.services.probes.verdicts(id),
    };
  }
}

/** Whether an update asks for something, rather than tells of it (upstream: kubetypes.RECONCILE against UPDATE). */
function wantsOther({ metadata: before }: Pod, { metadata: after }: Pod): boolean {
  return (
    before.generation !== after.generation ||
    before.deletionTimestamp !== after.deletionTimestamp ||
    before.deletionGracePeriodSeconds !== after.deletionGracePeriodSeconds ||
    !jsonEqual(before.labels, after.labels) ||
    !jsonEqual(before.annotations, after.annotations)
  );
}

/** What upstream reports while containers of a Pod that is over still run: its new conditions, under its old phase. */
function withoutEnd(status: PodStatus, pod: Pod): PodStatus {
  if (!isTerminalPhase(status.phase)) return status;
  const { reason: _reason, message: _message, ...rest } = status;
  return { ...rest, phase: pod.status?.phase ?? 'Pending' };
}

/** Go's way to write whole seconds: 10s, 1m20s, 5m0s. */
function formatSeconds(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}
