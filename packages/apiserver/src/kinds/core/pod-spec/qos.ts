/**
 * The quality of service class of a Pod (upstream: pkg/apis/core/helper/qos).
 */
import { milliValue, type PodSpec, type ResourceRequirements } from '@regatta/api';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

const COUNTED = ['cpu', 'memory'] as const;

export function qosClass(spec: PodSpec): QosClass {
  if (spec.resources) return classOf([spec.resources]);
  const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  return classOf(containers.map((container) => container.resources));
}

/** Guaranteed: everybody limits both cpu and memory, and the sums of requests are those of limits. */
function classOf(all: readonly (ResourceRequirements | undefined)[]): QosClass {
  const requests = { cpu: 0, memory: 0 };
  const limits = { cpu: 0, memory: 0 };
  let guaranteed = true;
  for (const resources of all) {
    for (const name of COUNTED) {
      requests[name] += milliValue(resources?.requests?.[name]);
      const limit = milliValue(resources?.limits?.[name]);
      limits[name] += limit;
      if (limit === 0) guaranteed = false;
    }
  }
  const asked = COUNTED.filter((name) => requests[name] > 0);
  const limited = COUNTED.filter((name) => limits[name] > 0);
  if (asked.length === 0 && limited.length === 0) return 'BestEffort';
  const equal = asked.length === limited.length && asked.every((name) => requests[name] === limits[name]);
  return guaranteed && equal ? 'Guaranteed' : 'Burstable';
}
