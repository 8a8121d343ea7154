/**
 * Defaults of Services (upstream: SetDefaults_Service of pkg/apis/core/v1/defaults.go).
 */
import type { Service } from '@regatta/api';
import { isExternallyAccessible, needsClusterIp } from './service-fields.ts';

const AFFINITY_SECONDS = 10_800;

export function defaultService(service: Service): void {
  const spec = service.spec as Service['spec'] | undefined;
  service.status ??= { loadBalancer: {} };
  service.status.loadBalancer ??= {};
  if (!spec) return;
  spec.sessionAffinity ||= 'None';
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
  if (spec.sessionAffinity === 'ClientIP' && spec.sessionAffinityConfig?.clientIP?.timeoutSeconds === undefined) {
    spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: AFFINITY_SECONDS } };
  }
  spec.type ||= 'ClusterIP';
  for (const port of spec.ports ?? []) {
    port.protocol ||= 'TCP';
    if (!port.targetPort) port.targetPort = port.port;
  }
  if (isExternallyAccessible(service)) spec.externalTrafficPolicy ||= 'Cluster';
  if (needsClusterIp(service)) spec.internalTrafficPolicy ??= 'Cluster';
  if (spec.type === 'LoadBalancer') {
    spec.allocateLoadBalancerNodePorts ??= true;
    for (const ingress of service.status.loadBalancer.ingress ?? []) if (ingress.ip) ingress.ipMode ??= 'VIP';
  }
}
