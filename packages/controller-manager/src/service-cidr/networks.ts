/** Which networks hold which, for ServiceCIDRs (pkg/api/servicecidr/servicecidr.go). */
import { parseCidr, parseIp } from '@regatta/api';

/** An address or a network, as the bits that all in it share. */
interface Network {
  readonly family: 4 | 6;
  readonly prefix: string;
}

/** @returns undefined for what is none */
export function networkOf(text: string): Network | undefined {
  const cidr = parseCidr(text);
  const ip = cidr?.address ?? parseIp(text);
  if (!ip) return undefined;
  const bits = ip.bytes.map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return { family: ip.family, prefix: bits.slice(0, cidr?.bits ?? bits.length) };
}

/** Whether all of `inner` lies in `outer`; so does a network in itself. */
export function contains(outer: string, inner: string): boolean {
  const [a, b] = [networkOf(outer), networkOf(inner)];
  return a !== undefined && b !== undefined && a.family === b.family && b.prefix.startsWith(a.prefix);
}
