/**
 * Pods stay five minutes on a node that is not ready or unreachable, unless they say otherwise
 * (upstream: plugin/pkg/admission/defaulttolerationseconds/admission.go).
 */
import type { Pod } from '@regatta/api';
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts';
import { isMain } from '../admission-error.ts';

const DEFAULT_SECONDS = 300;
const KEYS = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];

export const defaultTolerationSeconds: AdmissionPlugin = {
  name: 'DefaultTolerationSeconds',
  handles: (attributes) =>
    (attributes.operation === 'CREATE' || attributes.operation === 'UPDATE') && isMain(attributes, '', 'pods'),
  admit: (attributes: AdmissionAttributes): void => {
    const { spec } = attributes.object as Pod;
    const tolerations = spec.tolerations ?? [];
    const missing = KEYS.filter(
      (key) => !tolerations.some((t) => (!t.key || t.key === key) && (!t.effect || t.effect === 'NoExecute')),
    );
    if (missing.length === 0) return;
    spec.tolerations = [
      ...tolerations,
      ...missing.map((key) => ({
        key,
        operator: 'Exists',
        effect: 'NoExecute',
        tolerationSeconds: DEFAULT_SECONDS,
      })),
    ];
  },
};
