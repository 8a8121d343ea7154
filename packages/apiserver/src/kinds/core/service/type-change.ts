/**
 * A Service that changes its type loses what only the old type needed, unless its author changed that too; what a load
 * balancer did for it is forgotten at once
 * (upstream: dropTypeDependentFields of pkg/registry/core/service/strategy.go).
 */
import type { Service } from '@regatta/api';
import { sameList } from './cluster-ip-fields.ts';
import { isExternallyAccessible, needsClusterIp, needsHealthCheck, needsNodePorts } from './service-fields.ts';

export function dropTypeDependent(service: Service, old: Service): void {
  const { spec } = service;
  const stopped = (needs: (service: Service) => boolean): boolean => needs(old) && !needs(service);
  if (stopped(needsClusterIp)) dropClusterIps(service, old);
  if (stopped(needsNodePorts) && sameNodePorts(service, old)) for (const port of spec.ports ?? []) delete port.nodePort;
  if (stopped(needsHealthCheck)) dropUnchanged(service, old, 'healthCheckNodePort');
  if (stopped(({ spec: { type } }) => type === 'LoadBalancer')) {
    dropUnchanged(service, old, 'allocateLoadBalancerNodePorts');
    dropUnchanged(service, old, 'loadBalancerClass');
  }
  if (stopped(isExternallyAccessible)) dropUnchanged(service, old, 'externalTrafficPolicy');
  if (spec.type !== 'LoadBalancer') service.status = { ...service.status, loadBalancer: {} };
}

function dropClusterIps(service: Service, old: Service): void {
  const { spec } = service;
  if (spec.clusterIP === old.spec.clusterIP && sameList(spec.clusterIPs, old.spec.clusterIPs)) {
    delete spec.clusterIP;
    delete spec.clusterIPs;
  }
  if (sameList(spec.ipFamilies, old.spec.ipFamilies)) delete spec.ipFamilies;
  dropUnchanged(service, old, 'ipFamilyPolicy');
  dropUnchanged(service, old, 'internalTrafficPolicy');
}

type SimpleField =
  | 'healthCheckNodePort'
  | 'allocateLoadBalancerNodePorts'
  | 'loadBalancerClass'
  | 'externalTrafficPolicy'
  | 'ipFamilyPolicy'
  | 'internalTrafficPolicy';

function dropUnchanged({ spec }: Service, old: Service, field: SimpleField): void {
  if (spec[field] === old.spec[field]) delete spec[field];
}

function sameNodePorts(service: Service, old: Service): boolean {
  const sorted = ({ spec }: Service): string =>
    (spec.ports ?? [])
      .flatMap((port) => (port.nodePort ? [port.nodePort] : []))
      .sort()
      .join();
  const now = sorted(service);
  return now === '' || now === sorted(old);
}
