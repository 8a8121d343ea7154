import { seededRandom } from '@regatta/runtime';
import { describe, expect, it } from 'vitest';
import { formatIpv4, Ipv4Range, parseIpv4 } from '../../src/allocation/ipv4-range.ts';

const random = seededRandom(7);

describe('addresses of the Service network', () => {
  it('KIND-10: the first 256 addresses of 10.96.0.0/12 are the static band', () => {
    const range = new Ipv4Range('10.96.0.0/12');
    expect(formatIpv4(range.first)).toBe('10.96.0.1');
    expect(formatIpv4(range.dynamicFirst)).toBe('10.96.1.1');
    expect(formatIpv4(range.last)).toBe('10.111.255.254');
  });

  it('KIND-10: the dynamic band is used up before the static one', () => {
    const range = new Ipv4Range('10.0.0.0/26');
    const candidates = [...range.candidates(random)];
    const dynamic = range.last - range.dynamicFirst + 1;
    expect(new Set(candidates).size).toBe(62);
    expect(candidates.slice(0, dynamic).every((address) => address >= range.dynamicFirst)).toBe(true);
    expect(candidates.slice(dynamic).every((address) => address < range.dynamicFirst)).toBe(true);
  });

  it('KIND-10: a small network has no static band', () => {
    const range = new Ipv4Range('10.0.0.0/29');
    expect([...range.candidates(random)].map(formatIpv4).sort()).toEqual([1, 2, 3, 4, 5, 6].map((n) => `10.0.0.${n}`));
  });

  it.each(['10.0.0', '10.0.0.256', '10.0.0.x', '', '1.2.3.4.5'])('reads no address from %j', (text) => {
    expect(parseIpv4(text)).toBeUndefined();
  });
});
