/**
 * Runs the admission plugins over a write: mutating ones in order, then validating ones
 * (upstream: staging/src/k8s.io/apiserver/pkg/admission/{chain.go,metrics/metrics.go}).
 */
import type { Clock, Histogram, MetricsRegistry } from '@regatta/runtime';
import type { AdmissionAttributes, AdmissionPlugin } from '../admission/admission.ts';

type Phase = 'admit' | 'validate';

const SECONDS = [0.005, 0.025, 0.1, 0.5, 1, 2.5];

/** How long admission takes, as a whole: what each plugin takes would cost more to measure than most take. */
export class AdmissionMetrics {
  readonly #series = new Map<string, Histogram>();
  readonly #of: (phase: Phase, operation: string, rejected: boolean) => Histogram;

  constructor(
    registry: MetricsRegistry,
    readonly clock: Clock,
  ) {
    const steps = registry.histogram(
      'apiserver_admission_step_admission_duration_seconds',
      '[STABLE] Admission sub-step latency histogram in seconds, broken out for each operation and API resource and step type (validate or admit).',
      ['type', 'operation', 'rejected'],
      SECONDS,
    );
    this.#of = (phase, operation, rejected) => steps.with(phase, operation, String(rejected));
  }

  observe(phase: Phase, operation: string, rejected: boolean, began: number): void {
    const key = `${phase}${operation}${rejected}`;
    let series = this.#series.get(key);
    if (!series) {
      series = this.#of(phase, operation, rejected);
      this.#series.set(key, series);
    }
    series.observe((this.clock.monotonic() - began) / 1000);
  }
}

export class AdmissionChain {
  constructor(
    readonly plugins: readonly AdmissionPlugin[],
    readonly metrics?: AdmissionMetrics,
  ) {}

  /** Waits only where a plugin does. @throws StatusError of the first plugin that refuses */
  mutate(attributes: AdmissionAttributes): void | Promise<void> {
    return this.#step(attributes, 'admit');
  }

  validate(attributes: AdmissionAttributes): void | Promise<void> {
    return this.#step(attributes, 'validate');
  }

  #step(attributes: AdmissionAttributes, phase: Phase): void | Promise<void> {
    const { metrics } = this;
    if (!metrics) return run(this.plugins, attributes, phase);
    const began = metrics.clock.monotonic();
    const ended = (rejected: boolean): void => metrics.observe(phase, attributes.operation, rejected, began);
    const refused = (error: unknown): never => {
      ended(true);
      throw error;
    };
    try {
      const waiting = run(this.plugins, attributes, phase);
      if (waiting instanceof Promise) return waiting.then(() => ended(false), refused);
    } catch (error) {
      refused(error);
    }
    ended(false);
  }
}

function run(
  plugins: readonly AdmissionPlugin[],
  attributes: AdmissionAttributes,
  phase: Phase,
  from = 0,
): void | Promise<void> {
  for (let i = from; i < plugins.length; i++) {
    const plugin = plugins[i];
    if (!plugin?.[phase] || !plugin.handles(attributes)) continue;
    const waiting = plugin[phase]?.(attributes);
    if (waiting instanceof Promise) return waiting.then(() => run(plugins, attributes, phase, i + 1));
  }
}
