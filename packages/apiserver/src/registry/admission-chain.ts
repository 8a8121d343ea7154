/**
 * Runs the admission plugins over a write: mutating ones in order, then validating ones
 * (upstream: staging/src/k8s.io/apiserver/pkg/admission/{chain.go,reinvocation.go,metrics/metrics.go}).
 *
 * When a plugin that others extend (policies, webhooks) changed the object, all mutating ones run once more, and no more.
 */
import type { Clock, Histogram, MetricsRegistry } from '@regatta/runtime';
import type { AdmissionAttributes, AdmissionPlugin, Admitted } from '../admission/admission.ts';

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

function run(plugins: readonly AdmissionPlugin[], attributes: AdmissionAttributes, phase: Phase): void | Promise<void> {
  if (phase === 'validate') return validate(plugins, attributes, 0);
  const first = mutate(plugins, attributes, false);
  if (!(first instanceof Promise)) return first === 'reinvoke' ? mutateAgain(plugins, attributes) : undefined;
  return first.then((outcome) => (outcome === 'reinvoke' ? mutateAgain(plugins, attributes) : undefined));
}

function mutateAgain(plugins: readonly AdmissionPlugin[], attributes: AdmissionAttributes): void | Promise<void> {
  const second = mutate(plugins, attributes, true);
  return second instanceof Promise ? second.then(() => undefined) : undefined;
}

function mutate(
  plugins: readonly AdmissionPlugin[],
  attributes: AdmissionAttributes,
  again: boolean,
  from = 0,
  sofar: Admitted = undefined,
): Admitted | Promise<Admitted> {
  let outcome = sofar;
  for (let i = from; i < plugins.length; i++) {
    const plugin = plugins[i];
    if (!plugin?.admit || !plugin.handles(attributes)) continue;
    const admitted = plugin.admit(attributes, again);
    if (admitted instanceof Promise) {
      const before = outcome;
      return admitted.then((one) => mutate(plugins, attributes, again, i + 1, one ?? before));
    }
    outcome = admitted ?? outcome;
  }
  return outcome;
}

function validate(
  plugins: readonly AdmissionPlugin[],
  attributes: AdmissionAttributes,
  from: number,
): void | Promise<void> {
  for (let i = from; i < plugins.length; i++) {
    const plugin = plugins[i];
    if (!plugin?.validate || !plugin.handles(attributes)) continue;
    const waiting = plugin.validate(attributes);
    if (waiting instanceof Promise) return waiting.then(() => validate(plugins, attributes, i + 1));
  }
}
