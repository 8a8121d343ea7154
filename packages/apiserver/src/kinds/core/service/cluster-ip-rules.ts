/**
 * Rules for a Service's addresses and families (upstream: ValidateServiceClusterIPsRelatedFields,
 * validateUpgradeDowngradeClusterIPs and …IPFamilies of pkg/apis/core/validation/validation.go).
 */
import type { Service } from '@regatta/api';
import { checkIp, ipFamily, isDualStack, isIPv6Text } from '../../validation/addresses.ts';
import type { ErrorList } from '../../validation/error-list.ts';
import { SPEC } from '../../validation/path.ts';
import { isHeadless, NONE } from './service-fields.ts';

const CLUSTER_IPS = SPEC.child('clusterIPs');
const FAMILIES = SPEC.child('ipFamilies');
const POLICY = SPEC.child('ipFamilyPolicy');
const SUPPORTED_FAMILIES = ['IPv4', 'IPv6'] as const;
const SUPPORTED_POLICIES = ['PreferDualStack', 'RequireDualStack', 'SingleStack'] as const;

/** @param old addresses that it has already are not looked at again */
export function checkClusterIpFields(errors: ErrorList, service: Service, old?: Service): void {
  const { spec } = service;
  if (spec.type === 'ExternalName') return;
  checkInStep(errors, service);
  checkFamilies(errors, spec.ipFamilies ?? []);
  if (spec.ipFamilyPolicy !== undefined && !SUPPORTED_POLICIES.some((policy) => policy === spec.ipFamilyPolicy)) {
    errors.notSupported(POLICY, spec.ipFamilyPolicy, SUPPORTED_POLICIES);
  }
  const ips = spec.clusterIPs ?? [];
  const valid = checkEachIp(errors, ips, new Set(old?.spec.clusterIPs));
  if (ips.length > 2) errors.invalid(CLUSTER_IPS, ips, 'may only hold up to 2 values');
  if (!valid) return;
  if (ips.length > 1 && !isDualStack(ips.map(ipFamily))) {
    errors.invalid(CLUSTER_IPS, ips, 'may specify no more than one IP for each IP family');
  }
  if (!isHeadless(service)) checkFamiliesOfIps(errors, ips, spec.ipFamilies ?? []);
}

function checkInStep(errors: ErrorList, { spec }: Service): void {
  const ips = spec.clusterIPs ?? [];
  if (!spec.clusterIP) {
    if (ips.length > 0) errors.invalid(CLUSTER_IPS, ips, 'must be empty when `clusterIP` is not specified');
  } else if (ips.length === 0) {
    errors.required(CLUSTER_IPS);
  } else if (ips[0] !== spec.clusterIP) {
    errors.invalid(CLUSTER_IPS, ips, 'first value must match `clusterIP`');
  }
}

function checkFamilies(errors: ErrorList, families: readonly string[]): void {
  const seen = new Set<string>();
  for (const [i, family] of families.entries()) {
    if (!SUPPORTED_FAMILIES.some((known) => known === family)) {
      errors.notSupported(FAMILIES.index(i), family, SUPPORTED_FAMILIES);
    }
    if (seen.has(family)) errors.duplicate(FAMILIES.index(i), family);
    seen.add(family);
  }
}

function checkEachIp(errors: ErrorList, ips: readonly string[], kept: ReadonlySet<string>): boolean {
  let valid = true;
  for (const [i, ip] of ips.entries()) {
    if (i === 0 && ip === NONE) {
      if (ips.length > 1) {
        errors.invalid(CLUSTER_IPS, ips, "'None' must be the first and only value");
        valid = false;
      }
    } else if (!checkIp(errors, CLUSTER_IPS.index(i), ip, kept)) {
      valid = false;
    }
  }
  return valid;
}

function checkFamiliesOfIps(errors: ErrorList, ips: readonly string[], families: readonly string[]): void {
  for (const [i, ip] of ips.entries()) {
    const family = families[i];
    const wrong = (family === 'IPv4' && isIPv6Text(ip)) || (family === 'IPv6' && !isIPv6Text(ip));
    if (wrong)
      errors.invalid(CLUSTER_IPS.index(i), ip, `expected an ${family} value as indicated by \`ipFamilies[${i}]\``);
  }
}

/** Addresses stay, but for a secondary one that comes or goes. */
export function checkClusterIpsChange(errors: ErrorList, service: Service, old: Service): void {
  if (service.spec.type === 'ExternalName' || old.spec.type === 'ExternalName') return;
  if (isHeadless(old) && isHeadless(service)) return;
  const now = service.spec.clusterIPs ?? [];
  const before = old.spec.clusterIPs ?? [];
  const changed = 'may not change once set';
  if (now.length === before.length) {
    for (const [i, ip] of before.entries()) if (ip !== now[i]) errors.invalid(CLUSTER_IPS.index(i), now, changed);
    return;
  }
  if (now.length === 0) errors.invalid(CLUSTER_IPS.index(0), now, 'primary clusterIP can not be unset');
  else if (before.length > 0 && now[0] !== before[0]) errors.invalid(CLUSTER_IPS.index(0), now, changed);
  if (now.length < before.length && now.length === 1 && service.spec.ipFamilyPolicy !== 'SingleStack') {
    const why = "must be set to 'SingleStack' when releasing the secondary clusterIP";
    errors.invalid(POLICY, service.spec.ipFamilyPolicy, why);
  }
}

export function checkIpFamiliesChange(errors: ErrorList, service: Service, old: Service): void {
  if (service.spec.type === 'ExternalName' || old.spec.type === 'ExternalName') return;
  if (isHeadless(service) || isHeadless(old)) return;
  const now = service.spec.ipFamilies ?? [];
  const before = old.spec.ipFamilies ?? [];
  const changed = 'may not change once set';
  if (now.length === before.length) {
    for (const [i, family] of before.entries()) if (family !== now[i]) errors.invalid(FAMILIES.index(0), now, changed);
    return;
  }
  const shrunk = now.length < before.length;
  if (shrunk && !service.spec.clusterIPs?.length)
    errors.invalid(FAMILIES.index(0), now, 'primary ipFamily can not be unset');
  if (now.length > 0 && before.length > 0 && now[0] !== before[0]) {
    errors.invalid(FAMILIES.index(0), service.spec.clusterIPs, changed);
  }
  if (shrunk && now.length === 1 && service.spec.ipFamilyPolicy !== 'SingleStack') {
    const why = "must be set to 'SingleStack' when releasing the secondary ipFamily";
    errors.invalid(POLICY, service.spec.ipFamilyPolicy, why);
  }
}
