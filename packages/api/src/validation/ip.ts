/**
 * IP addresses and networks in fields (upstream: k8s.io/apimachinery/pkg/util/validation/ip.go).
 *
 * Upstream's older parsers read 010.0.0.1 as 10.0.0.1 and ::ffff:10.0.0.1 as an IPv4 address; fields refuse such spellings
 * since v1.36 (StrictIPCIDRValidation), newer fields every one that isn't canonical. Zones are never read.
 */
import { isIP, isIPv4, isIPv6 } from 'node:net';
import { type FieldError, type FieldPath, fieldErrors } from '../field-error.ts';
import { goQuote } from '../go-quote.ts';

export const INVALID_IP = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
export const INVALID_CIDR = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';

export interface ParsedIp {
  /** An IPv4 address that is written as an IPv6 one counts as IPv4. */
  readonly family: 4 | 6;
  readonly bytes: readonly number[];
  readonly canonical: string;
  /** Written with zeros that programs read as octal, or not. */
  readonly leadingZeros: boolean;
  /** `::ffff:10.0.0.1` */
  readonly mapped: boolean;
}

export interface ParsedCidr {
  readonly address: ParsedIp;
  /** Of the network's own family. */
  readonly bits: number;
  /** The network, with all bits beyond the prefix cleared. */
  readonly canonical: string;
  readonly leadingZeros: boolean;
  /** Bits are set beyond the prefix: rather an address of an interface than a network. */
  readonly hasHostBits: boolean;
}

export function parseIp(text: string): ParsedIp | undefined {
  if (text.includes('%')) return undefined;
  const plain = /^[0-9.]+$/.test(text) ? text.replace(/(^|\.)0+(?=[0-9])/g, '$1') : text;
  if (isIPv4(plain)) {
    const bytes = plain.split('.').map(Number);
    return { family: 4, bytes, canonical: plain, leadingZeros: plain !== text, mapped: false };
  }
  if (!isIPv6(plain)) return undefined;
  const bytes = ipv6Bytes(plain);
  const mapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255;
  if (mapped) {
    const last = bytes.slice(12);
    return { family: 4, bytes: last, canonical: last.join('.'), leadingZeros: false, mapped };
  }
  return { family: 6, bytes, canonical: formatIpv6(bytes), leadingZeros: false, mapped };
}

export function parseCidr(text: string): ParsedCidr | undefined {
  const [head = '', length = '', ...rest] = text.split('/');
  const address = rest.length === 0 ? parseIp(head) : undefined;
  if (!address || !/^[0-9]+$/.test(length)) return undefined;
  const written = Number(length);
  if (written > (isIP(head) === 6 ? 128 : 32)) return undefined;
  const bits = address.mapped ? Math.max(0, written - 96) : written;
  const network = address.bytes.map((byte, i) => byte & maskByte(bits, i));
  const format = address.family === 4 ? network.join('.') : formatIpv6(network);
  return {
    address,
    bits,
    canonical: `${format}/${bits}`,
    leadingZeros: address.leadingZeros || length !== String(written),
    hasHostBits: network.some((byte, i) => byte !== address.bytes[i]),
  };
}

function maskByte(bits: number, index: number): number {
  const set = Math.min(8, Math.max(0, bits - index * 8));
  return (0xff << (8 - set)) & 0xff;
}

function ipv6Bytes(text: string): number[] {
  const [head = '', tail] = text.split('::');
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  return [...left, ...new Array<number>(16 - left.length - right.length).fill(0), ...right];
}

function groups(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

/** RFC 5952: lower case, no leading zeros, the first longest run of at least two zero groups shortened. */
function formatIpv6(bytes: readonly number[]): string {
  const words = Array.from({ length: 8 }, (_, i) => (bytes[2 * i] ?? 0) * 256 + (bytes[2 * i + 1] ?? 0));
  let [start, length] = [0, 1];
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && words[end] === 0) end++;
    if (end - i > length) [start, length] = [i, end - i];
  }
  const hex = words.map((word) => word.toString(16));
  if (length < 2) return hex.join(':');
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`;
}

/** What is wrong with how an address is written; nothing for one that is only not canonical. */
export function ipProblems(text: string): string[] {
  const ip = parseIp(text);
  if (!ip) return [INVALID_IP];
  if (ip.leadingZeros) return ['must not have leading 0s'];
  return ip.mapped ? ['must not be an IPv4-mapped IPv6 address'] : [];
}

export function cidrProblems(text: string): string[] {
  const cidr = parseCidr(text);
  if (!cidr) return [INVALID_CIDR];
  if (cidr.leadingZeros) return ['must not have leading 0s in IP or prefix length'];
  if (cidr.address.mapped) return ['must not have an IPv4-mapped IPv6 address'];
  return cidr.hasHostBits ? ['must not have bits set beyond the prefix length'] : [];
}

export function isValidIP(path: FieldPath, value: string): FieldError[] {
  return canonicalErrors(path, value, ipProblems(value), parseIp(value)?.canonical);
}

export function isValidCIDR(path: FieldPath, value: string): FieldError[] {
  return canonicalErrors(path, value, cidrProblems(value), parseCidr(value)?.canonical);
}

function canonicalErrors(
  path: FieldPath,
  value: string,
  problems: readonly string[],
  canonical: string | undefined,
): FieldError[] {
  const all = problems.length > 0 || value === canonical ? problems : [notCanonical(canonical)];
  return all.map((problem) => fieldErrors.invalid(path, value, problem));
}

function notCanonical(canonical = ''): string {
  return `must be in canonical form (${goQuote(canonical)})`;
}

export function isValidIPv4(path: FieldPath, value: string): FieldError[] {
  return isIPv4(value) ? [] : [fieldErrors.invalid(path, value, 'must be a valid IPv4 address')];
}

export function isValidIPv6(path: FieldPath, value: string): FieldError[] {
  const valid = isIPv6(value) && !value.includes('%');
  return valid ? [] : [fieldErrors.invalid(path, value, 'must be a valid IPv6 address')];
}

/** What upstream warns of in addresses that fields still take. `field` as told to people. */
export function ipWarnings(field: string, value: string): string[] {
  const ip = parseIp(value);
  if (!ip) return [];
  const better = goQuote(ip.canonical);
  if (ip.leadingZeros || ip.mapped) return [nonStandard(field, 'IP address', value, better)];
  if (ip.family === 4 || ip.canonical === value) return [];
  return [`${field}: IPv6 address ${goQuote(value)} should be in RFC 5952 canonical format (${better})`];
}

export function cidrWarnings(field: string, value: string): string[] {
  const cidr = parseCidr(value);
  if (!cidr) return [];
  const { address, canonical } = cidr;
  const better = goQuote(canonical);
  const warnings: string[] = [];
  if (cidr.hasHostBits) {
    const single = goQuote(`${address.canonical}/${address.family === 4 ? 32 : 128}`);
    warnings.push(
      `${field}: CIDR value ${goQuote(value)} is ambiguous in this context (should be ${better} or ${single}?)`,
    );
  }
  if (cidr.leadingZeros || address.mapped) warnings.push(nonStandard(field, 'CIDR value', value, better));
  if (warnings.length === 0 && address.family === 6 && canonical !== value) {
    warnings.push(`${field}: IPv6 CIDR value ${goQuote(value)} should be in RFC 5952 canonical format (${better})`);
  }
  return warnings;
}

function nonStandard(field: string, what: string, value: string, better: string): string {
  return `${field}: non-standard ${what} ${goQuote(value)} will be considered invalid in a future Kubernetes release: use ${better}`;
}
