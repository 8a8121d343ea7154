/**
 * Warnings about Services (upstream: pkg/api/service/warnings.go).
 */
import type { Service } from '@regatta/api';
import { SPEC } from '../../validation/path.ts';
import { isHeadless } from './service-fields.ts';

const DEPRECATED_HINTS = 'service.kubernetes.io/topology-aware-hints';

export function serviceWarnings(service: Service, old: Service | undefined): string[] {
  const warnings: string[] = [];
  const { metadata, spec } = service;
  if (old === undefined || old.metadata.annotations?.[DEPRECATED_HINTS] === undefined) {
    if (metadata.annotations?.[DEPRECATED_HINTS] !== undefined) {
      warnings.push(
        `metadata.annotations[${DEPRECATED_HINTS}]: deprecated since v1.27; please use the "service.kubernetes.io/topology-mode" annotation instead`,
      );
    }
  }
  if (isHeadless(service)) {
    if (spec.loadBalancerIP) warnings.push('spec.loadBalancerIP is ignored for headless services');
    if (spec.externalIPs?.length) warnings.push('spec.externalIPs is ignored when spec.clusterIP is "None"');
    if (spec.sessionAffinity && spec.sessionAffinity !== 'None') {
      warnings.push('spec.sessionAffinity is ignored for headless services');
    }
  }
  for (const [i, ip] of (spec.externalIPs ?? []).entries()) {
    if (/(^|\.)0[0-9]/.test(ip)) warnings.push(leadingZeros(`${SPEC.child('externalIPs').index(i)}`, ip));
  }
  if (spec.trafficDistribution === 'PreferClose' && old?.spec.trafficDistribution !== 'PreferClose') {
    warnings.push(
      'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone" to preserve the current behavior',
    );
  }
  return warnings;
}

function leadingZeros(field: string, ip: string): string {
  return `${field}: non-standard IP address "${ip}" will be considered invalid in a future Kubernetes release: use "${ip.replace(/(^|\.)0+(?=[0-9])/g, '$1')}"`;
}
