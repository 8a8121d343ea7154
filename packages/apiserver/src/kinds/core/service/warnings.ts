/**
 * Warnings about Services (upstream: pkg/api/service/warnings.go).
 */
import { cidrWarnings, ipWarnings, type Service } from '@regatta/api';
import { type Path, SPEC } from '../../validation/path.ts';
import { NONE } from './service-fields.ts';

const HINTS = 'service.kubernetes.io/topology-aware-hints';
const MODE = 'service.kubernetes.io/topology-mode';

export function serviceWarnings({ metadata, spec }: Service): string[] {
  const hasHints = metadata.annotations?.[HINTS] !== undefined;
  return [
    ...(hasHints ? [`annotation ${HINTS} is deprecated, please use ${MODE} instead`] : []),
    ...(spec.clusterIP && spec.clusterIP !== NONE ? addressWarnings(SPEC.child('clusterIPs'), spec.clusterIPs) : []),
    ...headlessWarnings(spec),
    ...addressWarnings(SPEC.child('externalIPs'), spec.externalIPs),
    ...externalIpWarnings(spec),
    ...(spec.loadBalancerIP ? ipWarnings('spec.loadBalancerIP', spec.loadBalancerIP) : []),
    ...(spec.loadBalancerSourceRanges ?? []).flatMap((range, i) =>
      cidrWarnings(`spec.loadBalancerSourceRanges[${i}]`, range),
    ),
    ...ignoredWarnings(spec),
  ];
}

function addressWarnings(path: Path, addresses: readonly string[] | undefined): string[] {
  return (addresses ?? []).flatMap((address, i) => ipWarnings(`${path.index(i)}`, address));
}

function isHeadless({ type, clusterIP }: Service['spec']): boolean {
  return type === 'ClusterIP' && clusterIP === NONE;
}

function headlessWarnings(spec: Service['spec']): string[] {
  if (!isHeadless(spec)) return [];
  const ignored = [
    ['loadBalancerIP', Boolean(spec.loadBalancerIP)],
    ['externalIPs', (spec.externalIPs?.length ?? 0) > 0],
    ['SessionAffinity', spec.sessionAffinity !== 'None'],
  ] as const;
  return ignored.flatMap(([name, given]) => (given ? [`spec.${name} is ignored for headless services`] : []));
}

function externalIpWarnings(spec: Service['spec']): string[] {
  if (!spec.externalIPs?.length || isHeadless(spec) || spec.type === 'ExternalName') return [];
  return ['spec.externalIPs is deprecated and may no longer be implemented in some clusters'];
}

function ignoredWarnings({ type, externalIPs, externalName, trafficDistribution }: Service['spec']): string[] {
  const warnings: string[] = [];
  if (type === 'ExternalName' && externalIPs?.length) {
    warnings.push('spec.externalIPs is ignored when spec.type is "ExternalName"');
  }
  if (type !== 'ExternalName' && externalName) {
    warnings.push('spec.externalName is ignored when spec.type is not "ExternalName"');
  }
  if (trafficDistribution === 'PreferClose') {
    warnings.push('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"');
  }
  return warnings;
}
