/**
 * Quality of service of a Pod from its requests and limits (upstream: pkg/apis/core/v1/helper/qos/qos.go).
 */
import { type Container, numericValue, type Pod } from '@regatta/api';

const COMPUTE = ['cpu', 'memory'] as const;

export function qosClass(pod: Pod): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  const containers = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
  if (containers.every((container) => !asksAnything(container))) return 'BestEffort';
  return containers.every(isGuaranteed) ? 'Guaranteed' : 'Burstable';
}

function asksAnything(container: Container): boolean {
  const { requests = {}, limits = {} } = container.resources ?? {};
  return COMPUTE.some((name) => numericValue(requests[name]) > 0 || numericValue(limits[name]) > 0);
}

function isGuaranteed(container: Container): boolean {
  const { requests = {}, limits = {} } = container.resources ?? {};
  return COMPUTE.every((name) => {
    const limit = numericValue(limits[name]);
    return limit > 0 && numericValue(requests[name] ?? limits[name]) === limit;
  });
}
