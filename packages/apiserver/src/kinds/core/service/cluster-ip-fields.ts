/**
 * The fields of a Service that tell its addresses and families: kept in step with each other, and filled in from what the
 * cluster has, IPv4 alone (upstream: normalizeClusterIPs, patchAllocatedValues and initIPFamilyFields of
 * pkg/registry/core/service/storage).
 */
import type { Service } from '@regatta/api';
import { isIPv6Text } from '../../validation/addresses.ts';
import { ErrorList } from '../../validation/error-list.ts';
import { SPEC } from '../../validation/path.ts';
import { checkClusterIpFields } from './cluster-ip-rules.ts';
import { NONE, needsClusterIp, needsHealthCheck, needsNodePorts } from './service-fields.ts';

const FAMILY = 'IPv4';
const CLUSTER_IPS = SPEC.child('clusterIPs');
const POLICY = SPEC.child('ipFamilyPolicy');

/** What was allocated before stays, where an update leaves it out. */
export function patchAllocated(service: Service, old: Service): void {
  const { spec } = service;
  if (needsClusterIp(old) && needsClusterIp(service)) {
    if (!spec.clusterIP && old.spec.clusterIP) spec.clusterIP = old.spec.clusterIP;
    if (!spec.clusterIPs?.length && spec.clusterIP === old.spec.clusterIP && old.spec.clusterIPs) {
      spec.clusterIPs = [...old.spec.clusterIPs];
    }
  }
  if (needsNodePorts(old) && needsNodePorts(service)) patchNodePorts(service, old);
  if (needsHealthCheck(old) && needsHealthCheck(service) && !spec.healthCheckNodePort && old.spec.healthCheckNodePort) {
    spec.healthCheckNodePort = old.spec.healthCheckNodePort;
  }
}

function patchNodePorts(service: Service, old: Service): void {
  const wanted = new Set((service.spec.ports ?? []).map((port) => port.nodePort));
  const byName = new Map((old.spec.ports ?? []).map((port) => [port.name ?? '', port.nodePort]));
  for (const port of service.spec.ports ?? []) {
    const before = byName.get(port.name ?? '');
    if (!port.nodePort && before && !wanted.has(before)) port.nodePort = before;
  }
}

/** `clusterIP` and `clusterIPs` tell the same, whichever of them the author knows. */
export function normalizeClusterIps(service: Service, old: Service | undefined): void {
  const { spec } = service;
  if (!old) {
    if (spec.clusterIP && !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP];
    return;
  }
  const before = old.spec.clusterIPs ?? [];
  if (before.length > 0 && !spec.clusterIPs?.length && old.spec.clusterIP === spec.clusterIP)
    spec.clusterIPs = [...before];
  if ((old.spec.clusterIP ?? '') === (spec.clusterIP ?? '') || !sameList(before, spec.clusterIPs)) return;
  if (!spec.clusterIP) delete spec.clusterIPs;
  else spec.clusterIPs = [spec.clusterIP, ...(spec.clusterIPs ?? []).slice(1)];
}

export function sameList(a: readonly string[] | undefined, b: readonly string[] | undefined): boolean {
  const [left, right] = [a ?? [], b ?? []];
  return left.length === right.length && left.every((item, i) => item === right[i]);
}

/** Fills in families and their policy. The list holds why they can't be. */
export function initIpFamilies(service: Service, old: Service | undefined): ErrorList {
  const errors = new ErrorList();
  const { spec } = service;
  if (spec.type === 'ExternalName' || keepsPreferDualStack(service, old)) return errors;
  spec.ipFamilyPolicy ??= defaultPolicy(service, old);
  checkClusterIpFields(errors, service, old);
  if (errors.length > 0) return errors;
  if (old) checkReduced(errors, service, old);
  checkSingleStack(errors, service);
  inferFamilies(errors, service);
  if (errors.length > 0) return errors;
  if (spec.clusterIP === NONE && Object.keys(spec.selector ?? {}).length === 0) {
    fillSelectorless(service);
    return errors;
  }
  if (spec.ipFamilyPolicy === 'RequireDualStack') {
    errors.invalid(POLICY, spec.ipFamilyPolicy, 'this cluster is not configured for dual-stack services');
  }
  for (const [i, family] of (spec.ipFamilies ?? []).entries()) {
    if (family !== FAMILY) errors.invalid(SPEC.child('ipFamilies').index(i), family, 'not configured on this cluster');
  }
  if (errors.length === 0 && !spec.ipFamilies?.length) spec.ipFamilies = [FAMILY];
  return errors;
}

/** Updates that leave a PreferDualStack Service as it is are not looked at again. */
function keepsPreferDualStack({ spec }: Service, old: Service | undefined): boolean {
  if (!old || spec.ipFamilyPolicy !== 'PreferDualStack' || spec.type !== old.spec.type) return false;
  if (old.spec.ipFamilyPolicy !== undefined && old.spec.ipFamilyPolicy !== 'PreferDualStack') return false;
  return sameList(old.spec.clusterIPs, spec.clusterIPs) && sameList(old.spec.ipFamilies, spec.ipFamilies);
}

function defaultPolicy({ spec }: Service, old: Service | undefined): string {
  if (old?.spec.ipFamilyPolicy) return old.spec.ipFamilyPolicy;
  const selectorless = Object.keys(spec.selector ?? {}).length === 0;
  return spec.clusterIP === NONE && selectorless ? 'RequireDualStack' : 'SingleStack';
}

function checkReduced(errors: ErrorList, { spec }: Service, old: Service): void {
  if (spec.ipFamilyPolicy === 'SingleStack') {
    if (sameList(old.spec.clusterIPs, spec.clusterIPs) && spec.clusterIPs)
      spec.clusterIPs = spec.clusterIPs.slice(0, 1);
    if (sameList(old.spec.ipFamilies, spec.ipFamilies) && spec.ipFamilies)
      spec.ipFamilies = spec.ipFamilies.slice(0, 1);
    return;
  }
  const reduced = (now: readonly string[] | undefined, before: readonly string[] | undefined): boolean =>
    now !== undefined && now.length > 0 && now.length < (before?.length ?? 0);
  if (reduced(spec.clusterIPs, old.spec.clusterIPs)) {
    errors.invalid(POLICY, spec.ipFamilyPolicy, "must be 'SingleStack' to release the secondary cluster IP");
  }
  if (reduced(spec.ipFamilies, old.spec.ipFamilies)) {
    errors.invalid(POLICY, spec.ipFamilyPolicy, "must be 'SingleStack' to release the secondary IP family");
  }
}

function checkSingleStack(errors: ErrorList, { spec }: Service): void {
  if (spec.ipFamilyPolicy !== 'SingleStack') return;
  const wanted = "must be 'RequireDualStack' or 'PreferDualStack' when multiple";
  if (spec.clusterIPs?.length === 2) errors.invalid(POLICY, spec.ipFamilyPolicy, `${wanted} cluster IPs are specified`);
  if (spec.ipFamilies?.length === 2) errors.invalid(POLICY, spec.ipFamilyPolicy, `${wanted} IP families are specified`);
}

function inferFamilies(errors: ErrorList, { spec }: Service): void {
  for (const [i, ip] of (spec.clusterIPs ?? []).entries()) {
    if (ip === NONE) return;
    if (i < (spec.ipFamilies?.length ?? 0)) continue;
    if (isIPv6Text(ip)) {
      errors.invalid(CLUSTER_IPS.index(i), spec.clusterIPs, 'IPv6 is not configured on this cluster');
    } else {
      spec.ipFamilies = [...(spec.ipFamilies ?? []), FAMILY];
    }
  }
}

/** Headless without selector: its endpoints may be of any family, also of one that the cluster doesn't have. */
function fillSelectorless({ spec }: Service): void {
  const families = spec.ipFamilies?.length ? [...spec.ipFamilies] : [FAMILY];
  if (families.length === 1 && spec.ipFamilyPolicy !== 'SingleStack') {
    families.push(families[0] === FAMILY ? 'IPv6' : FAMILY);
  }
  spec.ipFamilies = families;
}
