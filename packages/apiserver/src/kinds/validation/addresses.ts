/**
 * IP addresses and networks in fields of old kinds, where leading zeros are let pass
 * (upstream: k8s.io/apimachinery/pkg/util/validation/ip.go, IsValidIPForLegacyField …).
 */
import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';
import type { ErrorList } from './error-list.ts';
import type { Path } from './path.ts';

export const INVALID_IP = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
export const INVALID_CIDR = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';

/** 010.0.0.1 is read as 10.0.0.1. */
function withoutLeadingZeros(text: string): string {
  return /^[0-9.]+$/.test(text) ? text.replace(/(^|\.)0+(?=[0-9])/g, '$1') : text;
}

/** 0, 4 or 6. Zones are refused. */
export function ipFamily(text: string): 0 | 4 | 6 {
  if (text.includes('%')) return 0;
  const family = isIP(withoutLeadingZeros(text));
  return family === 4 || family === 6 ? family : 0;
}

export function isIPv6Text(text: string): boolean {
  return ipFamily(text) === 6;
}

/** 0, 4 or 6. */
export function cidrFamily(text: string): 0 | 4 | 6 {
  const slash = text.indexOf('/');
  const family = slash < 0 ? 0 : ipFamily(text.slice(0, slash));
  const bits = text.slice(slash + 1);
  if (family === 0 || !/^[0-9]{1,3}$/.test(bits)) return 0;
  return Number(bits) <= (family === 4 ? 32 : 128) ? family : 0;
}

export function checkIp(errors: ErrorList, path: Path, text: string): boolean {
  if (ipFamily(text) !== 0) return true;
  errors.invalid(path, text, INVALID_IP);
  return false;
}

export function checkCidr(errors: ErrorList, path: Path, text: string): boolean {
  if (cidrFamily(text) !== 0) return true;
  errors.invalid(path, text, INVALID_CIDR);
  return false;
}

/** Two entries, one of each family. */
export function isDualStack(families: readonly (0 | 4 | 6)[]): boolean {
  return families.includes(4) && families.includes(6);
}

/** Refuses addresses that can't be an endpoint of anything (upstream: ValidateEndpointIP). */
export function checkNonSpecialIp(errors: ErrorList, path: Path, text: string): void {
  const address = withoutLeadingZeros(text).toLowerCase();
  if (ipFamily(text) === 0) {
    errors.invalid(path, text, 'must be a valid IP address');
    return;
  }
  const is = (v4: RegExp, v6: RegExp): boolean => (isIPv4(address) ? v4 : v6).test(isIPv6(address) ? address : address);
  if (is(/^0\.0\.0\.0$/, /^[0:]+$/)) errors.invalid(path, text, `may not be unspecified (${text})`);
  if (is(/^127\./, /^(0*:)+:?0*1$/)) {
    errors.invalid(path, text, 'may not be in the loopback range (127.0.0.0/8, ::1/128)');
  }
  if (is(/^169\.254\./, /^fe[89ab][0-9a-f]:/)) {
    errors.invalid(path, text, 'may not be in the link-local range (169.254.0.0/16, fe80::/10)');
  }
  if (is(/^224\.0\.0\./, /^ff02:/)) {
    errors.invalid(path, text, 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)');
  }
}

/** Whether the first network is part of the second and smaller. Both are valid. */
export function isStrictSubset(inner: string, outer: string): boolean {
  const [address = '', bits = ''] = withoutZeros(inner).split('/');
  const [network = '', networkBits = ''] = withoutZeros(outer).split('/');
  const families = [cidrFamily(inner), cidrFamily(outer)];
  if (families[0] !== families[1] || Number(bits) <= Number(networkBits)) return false;
  const family = families[0] === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  list.addSubnet(network, Number(networkBits), family);
  return list.check(address, family);
}

function withoutZeros(cidr: string): string {
  const slash = cidr.indexOf('/');
  return `${withoutLeadingZeros(cidr.slice(0, slash))}${cidr.slice(slash)}`;
}

/** An address with the size of its network (upstream: IsValidInterfaceAddress). */
export function checkInterfaceAddress(errors: ErrorList, path: Path, text: string): void {
  if (cidrFamily(text) !== 0 && withoutZeros(text) === text) return;
  errors.invalid(path, text, 'must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)');
}
