/**
 * The one condition of APIServices (upstream: k8s.io/kube-aggregator/pkg/apis/apiregistration/v1/helper/helpers.go).
 */
import type { APIService, APIServiceCondition } from '@regatta/api';

export interface Availability {
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
}

export const LOCAL: Availability = {
  status: 'True',
  reason: 'Local',
  message: 'Local APIServices are always available',
};

export function availableOf({ status }: APIService): APIServiceCondition | undefined {
  return status?.conditions?.find(({ type }) => type === 'Available');
}

export function isAvailable(service: APIService): boolean {
  return availableOf(service)?.status === 'True';
}

/** A copy that says so; the same object when it says so already. The time changes only with the status. @param now RFC 3339 */
export function withAvailable(service: APIService, { status, reason, message }: Availability, now: string): APIService {
  const before = availableOf(service);
  if (before?.status === status && before.reason === reason && before.message === message) return service;
  const lastTransitionTime = before?.status === status ? (before.lastTransitionTime ?? now) : now;
  const others = (service.status?.conditions ?? []).filter((condition) => condition !== before);
  const condition = { type: 'Available', status, lastTransitionTime, reason, message };
  return { ...service, status: { ...service.status, conditions: [...others, condition] } };
}
