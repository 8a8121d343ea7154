/**
 * What one policy's bindings say for the record of a request: values of one key stand side by side
 * (upstream: auditAnnotationCollector of plugin/policy/validating/dispatcher.go).
 */
import type { AdmissionAttributes } from '../admission.ts';

/** Of one value, in characters; what is longer is cut. */
export const MAX_ANNOTATION = 10 * 1024;

export class AnnotationCollector {
  readonly #values = new Map<string, Set<string>>();

  constructor(readonly policy: string) {}

  add(key: string, value: string): void {
    const values = this.#values.get(key) ?? new Set<string>();
    values.add(value.slice(0, MAX_ANNOTATION));
    this.#values.set(key, values);
  }

  publish(attributes: AdmissionAttributes): void {
    for (const [key, values] of this.#values) {
      attributes.annotate?.(`${this.policy}/${key}`, [...values].join(', '));
    }
  }
}
