/**
 * IP addresses and CIDRs in fields (upstream: k8s.io/apimachinery/pkg/util/validation/ip.go).
 */
import { isIP, isIPv4, isIPv6 } from 'node:net';
import { type FieldError, type FieldPath, fieldErrors } from '../field-error.ts';

/** As Go's ParseIP: no zones. */
function isAddress(value: string): boolean {
  return isIP(value) !== 0 && !value.includes('%');
}

export function isValidIP(path: FieldPath, value: string): FieldError[] {
  if (isAddress(value)) return [];
  return [fieldErrors.invalid(path, value, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)')];
}

export function isValidIPv4(path: FieldPath, value: string): FieldError[] {
  return isIPv4(value) ? [] : [fieldErrors.invalid(path, value, 'must be a valid IPv4 address')];
}

export function isValidIPv6(path: FieldPath, value: string): FieldError[] {
  return isIPv6(value) && !value.includes('%')
    ? []
    : [fieldErrors.invalid(path, value, 'must be a valid IPv6 address')];
}

export function isValidCIDR(path: FieldPath, value: string): FieldError[] {
  if (isNetwork(value)) return [];
  return [fieldErrors.invalid(path, value, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)')];
}

function isNetwork(value: string): boolean {
  const [address = '', bits = '', ...rest] = value.split('/');
  if (rest.length > 0 || !isAddress(address) || !/^\d{1,3}$/.test(bits)) return false;
  return Number(bits) <= (isIPv4(address) ? 32 : 128);
}
