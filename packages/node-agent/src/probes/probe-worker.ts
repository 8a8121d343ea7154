/**
 * One probe of one container instance, asked again every period of cluster time
 * (upstream: pkg/kubelet/prober/worker.go and prober.go).
 */
import type { Probe } from '@regatta/api';
import type { ClusterClock, Random, Timer } from '@regatta/runtime';
import type { EventSink } from '../api/ports.ts';
import type { HandlerTarget } from '../handlers/handler-target.ts';
import type { ProbeAnswer, Prober } from '../handlers/prober.ts';
import { containerReference } from '../pods/pod-names.ts';

export type ProbeKind = 'startup' | 'liveness' | 'readiness';

const DEFAULTS = { period: 10, success: 1, failure: 3 };

const TITLES: Readonly<Record<ProbeKind, string>> = {
  startup: 'Startup',
  liveness: 'Liveness',
  readiness: 'Readiness',
};

export interface ProbeWorkerOptions {
  readonly clock: ClusterClock;
  readonly random: Random;
  readonly prober: Prober;
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
    const { kind, probe, clock, prober, target, mayRun } = this.options;
    const period = (probe.periodSeconds || DEFAULTS.period) * 1000;
    const startedAt = clock.now();
    if (mayRun()) this.#take(await prober.ask(target(), probe));
    // A startup probe that has succeeded is done.
    if (kind === 'startup' && this.#verdict === true) return this.stop();
    // What has failed is about to be killed: there is nothing more to ask.
    if (kind !== 'readiness' && this.#verdict === false) return this.stop();
    this.#next(Math.max(0, period - clock.elapsed(startedAt)));
  }

  #take({ result, output }: ProbeAnswer): void {
    if (this.#stopped) return;
    this.#tell(result, output);
    // A probe that could not be asked says nothing of the container.
    if (result === 'error') return;
    const { probe } = this.options;
    const ok = result !== 'failure';
    this.#streak = this.#last === ok ? this.#streak + 1 : 1;
    this.#last = ok;
    const threshold = ok ? (probe.successThreshold ?? DEFAULTS.success) : (probe.failureThreshold ?? DEFAULTS.failure);
    if (this.#streak < threshold || this.#verdict === ok) return;
    this.#verdict = ok;
    this.options.onVerdict();
  }

  #tell(result: ProbeAnswer['result'], output: string): void {
    if (result === 'success') return;
    const { kind, events, target } = this.options;
    const { pod, container } = target();
    const about = containerReference(pod, container.name);
    const title = `${TITLES[kind]} probe`;
    if (result === 'warning') return events.event(about, 'Warning', 'ProbeWarning', `${title} warning: ${output}`);
    const what = result === 'failure' ? 'failed' : 'errored and resulted in unknown state';
    events.event(about, 'Warning', 'Unhealthy', `${title} ${what}: ${output}`);
  }
}
