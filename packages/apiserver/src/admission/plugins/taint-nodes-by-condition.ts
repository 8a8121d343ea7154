/**
 * A new node takes no Pods before it is known to be ready (upstream: plugin/pkg/admission/nodetaint/admission.go).
 */
import type { Node } from '@regatta/api';
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts';
import { isMain } from '../admission-error.ts';

const NOT_READY = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' } as const;

export const taintNodesByCondition: AdmissionPlugin = {
  name: 'TaintNodesByCondition',
  handles: (attributes) => attributes.operation === 'CREATE' && isMain(attributes, '', 'nodes'),
  admit: (attributes: AdmissionAttributes): void => {
    const node = attributes.object as Node;
    node.spec ??= {};
    const taints = node.spec.taints ?? [];
    if (taints.some((taint) => taint.key === NOT_READY.key && taint.effect === NOT_READY.effect)) return;
    node.spec.taints = [...taints, { ...NOT_READY }];
  },
};
