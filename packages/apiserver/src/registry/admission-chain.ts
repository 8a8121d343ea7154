/**
 * Runs the admission plugins over a write: mutating ones in order, then validating ones
 * (upstream: staging/src/k8s.io/apiserver/pkg/admission/chain.go).
 */
import type { AdmissionAttributes, AdmissionPlugin } from '../admission/admission.ts';

export class AdmissionChain {
  constructor(readonly plugins: readonly AdmissionPlugin[]) {}

  /** Waits only where a plugin does. @throws StatusError of the first plugin that refuses */
  mutate(attributes: AdmissionAttributes): void | Promise<void> {
    return run(this.plugins, attributes, 'admit');
  }

  validate(attributes: AdmissionAttributes): void | Promise<void> {
    return run(this.plugins, attributes, 'validate');
  }
}

function run(
  plugins: readonly AdmissionPlugin[],
  attributes: AdmissionAttributes,
  phase: 'admit' | 'validate',
  from = 0,
): void | Promise<void> {
  for (let i = from; i < plugins.length; i++) {
    const plugin = plugins[i];
    if (!plugin?.[phase] || !plugin.handles(attributes)) continue;
    const waiting = plugin[phase]?.(attributes);
    if (waiting instanceof Promise) return waiting.then(() => run(plugins, attributes, phase, i + 1));
  }
}
