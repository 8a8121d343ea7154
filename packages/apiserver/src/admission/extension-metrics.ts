/**
 * Figures about policies and webhooks under upstream's names
 * (upstream: staging/src/k8s.io/apiserver/pkg/admission/metrics/metrics.go, plugin/policy/{validating,mutating}/metrics).
 */
import type { MetricsRegistry } from '@regatta/runtime';

/** Seconds. */
const WEBHOOK_BUCKETS = [0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 25];
/** Codes above are told as this one. */
const LARGEST_CODE = 600;

interface PolicyNames {
  readonly policy: string;
  readonly binding: string;
}

/** One call of a webhook. */
export interface WebhookCall {
  readonly name: string;
  readonly step: 'admit' | 'validating';
  readonly operation: string;
  readonly seconds: number;
  /** Of the refusal or of the failure; 200 when all went well. */
  readonly code: number;
  readonly rejected: boolean;
  readonly error: 'no_error' | 'calling_webhook_error' | 'apiserver_internal_error';
}

export class ExtensionMetrics {
  readonly #validations: ReturnType<MetricsRegistry['counter']>;
  readonly #mutations: ReturnType<MetricsRegistry['counter']>;
  readonly #durations: ReturnType<MetricsRegistry['histogram']>;
  readonly #requests: ReturnType<MetricsRegistry['counter']>;
  readonly #rejections: ReturnType<MetricsRegistry['counter']>;
  readonly #failOpen: ReturnType<MetricsRegistry['counter']>;

  constructor(registry: MetricsRegistry) {
    this.#validations = registry.counter(
      'apiserver_validating_admission_policy_check_total',
      '[BETA] Validation admission policy check total, labeled by policy and further identified by binding and enforcement action taken.',
      ['policy', 'policy_binding', 'error_type', 'enforcement_action'],
    );
    this.#mutations = registry.counter(
      'apiserver_mutating_admission_policy_check_total',
      '[ALPHA] Mutation admission policy check total, labeled by policy and further identified by binding.',
      ['policy', 'policy_binding', 'error_type'],
    );
    this.#durations = registry.histogram(
      'apiserver_admission_webhook_admission_duration_seconds',
      '[STABLE] Admission webhook latency histogram in seconds, identified by name and broken out for each operation and API resource and type (validate or admit).',
      ['name', 'type', 'operation', 'rejected'],
      WEBHOOK_BUCKETS,
    );
    this.#requests = registry.counter(
      'apiserver_admission_webhook_request_total',
      '[ALPHA] Admission webhook request total, identified by name and broken out for each admission type (validating or mutating) and operation. Additional labels specify whether the request was rejected or not and an HTTP status code. Codes greater than 600 are truncated to 600, to keep the metrics cardinality bounded.',
      ['name', 'type', 'operation', 'code', 'rejected'],
    );
    this.#rejections = registry.counter(
      'apiserver_admission_webhook_rejection_count',
      '[ALPHA] Admission webhook rejection count, identified by name and broken out for each admission type (validating or admit) and operation. Additional labels specify an error type (calling_webhook_error or apiserver_internal_error if an error occurred; no_error otherwise) and optionally a non-zero rejection code if the webhook rejects the request with an HTTP status code (honored by the apiserver when the code is greater or equal to 400). Codes greater than 600 are truncated to 600, to keep the metrics cardinality bounded.',
      ['name', 'type', 'operation', 'error_type', 'rejection_code'],
    );
    this.#failOpen = registry.counter(
      'apiserver_admission_webhook_fail_open_count',
      '[ALPHA] Admission webhook fail open count, identified by name and broken out for each admission type (validating or mutating).',
      ['name', 'type'],
    );
  }

  validated({ policy, binding }: PolicyNames, errorType: string, action: string): void {
    this.#validations.with(policy, binding, errorType, action).inc();
  }

  mutated({ policy, binding }: PolicyNames, errorType: string): void {
    this.#mutations.with(policy, binding, errorType).inc();
  }

  called({ name, step, operation, seconds, code, rejected, error }: WebhookCall): void {
    const bounded = String(Math.min(code, LARGEST_CODE));
    this.#requests.with(name, step, operation, bounded, String(rejected)).inc();
    this.#durations.with(name, step, operation, String(rejected)).observe(seconds);
    if (rejected) this.#rejections.with(name, step, operation, error, bounded).inc();
  }

  failedOpen(name: string, step: WebhookCall['step']): void {
    this.#failOpen.with(name, step).inc();
  }
}
