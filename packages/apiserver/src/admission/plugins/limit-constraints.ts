/**
 * The constraints of a LimitRange on one resource, in upstream's words: no message means that it holds
 * (upstream: minConstraint … of plugin/pkg/admission/limitranger/admission.go).
 */
import type { Quantity } from '@regatta/api';

type Amounts = ReadonlyMap<string, Quantity>;

export function minimum(type: string, name: string, least: Quantity, requests: Amounts, limits: Amounts): string[] {
  const request = requests.get(name);
  const limit = limits.get(name);
  const rule = `minimum ${name} usage per ${type} is ${least}`;
  if (!request) return [`${rule}.  No request is specified`];
  if (request.cmp(least) < 0) return [`${rule}, but request is ${request}`];
  return limit && limit.cmp(least) < 0 ? [`${rule}, but limit is ${limit}`] : [];
}

/** For what has requests only. */
export function maximumRequest(type: string, name: string, most: Quantity, requests: Amounts): string[] {
  const request = requests.get(name);
  const rule = `maximum ${name} usage per ${type} is ${most}`;
  if (!request) return [`${rule}.  No request is specified`];
  return request.cmp(most) > 0 ? [`${rule}, but request is ${request}`] : [];
}

export function maximum(type: string, name: string, most: Quantity, requests: Amounts, limits: Amounts): string[] {
  const request = requests.get(name);
  const limit = limits.get(name);
  const rule = `maximum ${name} usage per ${type} is ${most}`;
  if (!limit) return [`${rule}.  No limit is specified`];
  if (limit.cmp(most) > 0) return [`${rule}, but limit is ${limit}`];
  return request && request.cmp(most) > 0 ? [`${rule}, but request is ${request}`] : [];
}

/** How many times its request a limit may be. */
export function ratio(type: string, name: string, most: Quantity, requests: Amounts, limits: Amounts): string[] {
  const request = requests.get(name);
  const limit = limits.get(name);
  const rule = `${name} max limit to request ratio per ${type} is ${most}`;
  if (!request || request.isZero) return [`${rule}, but no request is specified or request is 0`];
  if (!limit || limit.isZero) return [`${rule}, but no limit is specified or limit is 0`];
  const observed = limit.toNumber() / request.toNumber();
  return observed > most.toNumber() ? [`${rule}, but provided ratio is ${observed.toFixed(6)}`] : [];
}
