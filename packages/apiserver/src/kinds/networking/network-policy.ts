/**
 * NetworkPolicies (upstream: pkg/apis/networking/v1/defaults.go). Their validation is not here yet.
 */
import type { NetworkPolicy } from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';

export const networkPolicyStrategy: Strategy<NetworkPolicy> = {
  tracksGeneration: true,
  applyDefaults({ spec }) {
    if (!spec) return;
    for (const rule of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) {
      for (const port of rule.ports ?? []) port.protocol ??= 'TCP';
    }
    if (!spec.policyTypes?.length) spec.policyTypes = spec.egress?.length ? ['Ingress', 'Egress'] : ['Ingress'];
  },
};
