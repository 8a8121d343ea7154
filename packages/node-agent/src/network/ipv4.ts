/**
 * IPv4 addresses as numbers and texts.
 */
const ADDRESS = /^\d{1,3}(\.\d{1,3}){3}$/;

export function isIpv4(text: string): boolean {
  return ADDRESS.test(text) && text.split('.').every((part) => Number(part) < 256);
}

export function ipv4Number(ip: string): number {
  return ip.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

export function ipv4Text(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}

/** The first address of a range and how many it has; undefined for text that is no range. */
export function parseRange(cidr: string): { readonly first: number; readonly size: number } | undefined {
  const [base = '', bits = ''] = cidr.split('/');
  const length = Number(bits);
  if (!isIpv4(base) || bits === '' || !(length >= 0 && length <= 32)) return undefined;
  const size = 2 ** (32 - length);
  return { first: Math.floor(ipv4Number(base) / size) * size, size };
}
