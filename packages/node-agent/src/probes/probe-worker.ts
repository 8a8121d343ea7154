/**
 * One probe of one container instance, asked again every period of cluster time
 * (upstream: pkg/kubelet/prober/worker.go and prober.go).
 */
import type { Probe } from '@regatta/api';
import type { ClusterClock, Random, Timer } from '@regatta/runtime';
import type { EventSink } from '../api/ports.ts';
import type { HandlerResult, HandlerRunner, HandlerTarget } from '../containers/handler-runner.ts';
import { containerReference } from '../pods/pod-names.ts';

export type ProbeKind = 'startup' | 'liveness' | 'readiness';

const DEFAULTS = { period: 10, timeout: 1, success: 1, failure: 3 };

const TITLES: Readonly<Record<ProbeKind, string>> = {
  startup: 'Startup',
  liveness: 'Liveness',
  readiness: 'Readiness',
};

export interface ProbeWorkerOptions {
  readonly clock: ClusterClock;
  readonly random: Random;
  readonly handlers: HandlerRunner;
  readonly events: EventSink;
  readonly kind: ProbeKind;
  readonly probe: Probe;
  /** When the container started; milliseconds since the epoch. */
  readonly startedAt: number;
  target(): HandlerTarget;
  /** False while the startup probe has not succeeded. */
  mayRun(): boolean;
  onVerdict(): void;
}

export class ProbeWorker {
  #verdict: boolean | undefined;
  #timer: Timer | undefined;
  #stopped = false;
  #streak = 0;
  #last: boolean | undefined;

  constructor(private readonly options: ProbeWorkerOptions) {}

  /** Undefined until the thresholds say something. */
  get verdict(): boolean | undefined {
    return this.#verdict;
  }

  start(): void {
    const initial = (this.options.probe.initialDelaySeconds ?? 0) * 1000;
    this.#next(Math.max(0, initial - this.options.clock.elapsed(this.options.startedAt)));
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #next(delay: number): void {
    if (this.#stopped) return;
    this.#timer = this.options.clock.setTimer(delay, () => void this.#run());
  }

  async #run(): Promise<void> {
    const { kind, probe, clock, mayRun } = this.options;
    const period = (probe.periodSeconds || DEFAULTS.period) * 1000;
    const startedAt = clock.now();
    if (mayRun()) this.#take(await this.#ask());
    // A startup probe that has succeeded is done.
    if (kind === 'startup' && this.#verdict === true) return this.stop();
    // What has failed is about to be killed: there is nothing more to ask.
    if (kind !== 'readiness' && this.#verdict === false) return this.stop();
    this.#next(Math.max(0, period - clock.elapsed(startedAt)));
  }

  async #ask(): Promise<HandlerResult> {
    const { probe, handlers, target } = this.options;
    const timeout = (probe.timeoutSeconds || DEFAULTS.timeout) * 1000;
    try {
      if (probe.exec) return await handlers.exec(target(), probe.exec, timeout);
      if (probe.httpGet) return await handlers.httpGet(target(), probe.httpGet, timeout, 'kube-probe/1.36');
      if (probe.tcpSocket) return await handlers.tcpSocket(target(), probe.tcpSocket, timeout);
      return { ok: true, output: '' };
    } catch (error) {
      return { ok: false, output: error instanceof Error ? error.message : String(error) };
    }
  }

  #take({ ok, output }: HandlerResult): void {
    if (this.#stopped) return;
    const { probe, kind } = this.options;
    if (!ok) {
      const { pod, container } = this.options.target();
      const message = `${TITLES[kind]} probe failed: ${output}`;
      this.options.events.event(containerReference(pod, container.name), 'Warning', 'Unhealthy', message);
    }
    this.#streak = this.#last === ok ? this.#streak + 1 : 1;
    this.#last = ok;
    const threshold = ok ? (probe.successThreshold ?? DEFAULTS.success) : (probe.failureThreshold ?? DEFAULTS.failure);
    if (this.#streak < threshold || this.#verdict === ok) return;
    this.#verdict = ok;
    this.options.onVerdict();
  }
}
