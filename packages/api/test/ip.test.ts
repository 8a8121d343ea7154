/**
 * How addresses and networks are read, and what is told of those that are written unusually.
 */
import { describe, expect, it } from 'vitest';
import { cidrProblems, cidrWarnings, FieldPath, ipProblems, ipWarnings, isValidCIDR, isValidIP } from '../src/mod.ts';

const AT = FieldPath.root('f');
const IP = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
const CIDR = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';

describe('addresses', () => {
  it.each([
    ['1.2.3.4', []],
    ['2001:db8:0:0::2', []],
    ['010.2.3.4', ['must not have leading 0s']],
    ['::ffff:1.2.3.4', ['must not be an IPv4-mapped IPv6 address']],
    ['1.2.3.400', [IP]],
    ['1234::abcd%eth0', [IP]],
    ['', [IP]],
    ['1.2.3.0/24', [IP]],
  ])('KIND-40: of %j an older field says %j', (text, problems) => {
    expect(ipProblems(text)).toEqual(problems);
  });

  it.each([
    ['0:0:0:0:0:0:0:0', '::'],
    ['0001:002:03:4::', '1:2:3:4::'],
    ['1234::ABCD', '1234::abcd'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['1:0:2:3:4:5:6:7', undefined],
  ])('KIND-40: %j is to be written as %j', (text, canonical) => {
    const problems = isValidIP(AT, text).map(({ detail }) => detail);
    expect(problems).toEqual(canonical === undefined ? [] : [`must be in canonical form ("${canonical}")`]);
  });

  it.each([
    ['192.12.2.2', []],
    [
      '192.012.2.2',
      [
        'f: non-standard IP address "192.012.2.2" will be considered invalid in a future Kubernetes release: use "192.12.2.2"',
      ],
    ],
    [
      '::ffff:192.12.2.2',
      [
        'f: non-standard IP address "::ffff:192.12.2.2" will be considered invalid in a future Kubernetes release: use "192.12.2.2"',
      ],
    ],
    ['2001:db8:0:0::2', ['f: IPv6 address "2001:db8:0:0::2" should be in RFC 5952 canonical format ("2001:db8::2")']],
  ])('KIND-40: %j is warned of', (text, warnings) => {
    expect(ipWarnings('f', text)).toEqual(warnings);
  });
});

describe('networks', () => {
  it.each([
    ['1.0.0.0/8', []],
    ['::/0', []],
    ['2001:DB8::/64', []],
    ['1.1.01.0/24', ['must not have leading 0s in IP or prefix length']],
    ['192.168.0.0/016', ['must not have leading 0s in IP or prefix length']],
    ['::ffff:1.1.1.0/120', ['must not have an IPv4-mapped IPv6 address']],
    ['1.2.3.4/24', ['must not have bits set beyond the prefix length']],
    ['2001:db8::1/64', ['must not have bits set beyond the prefix length']],
    ['1.2.3.4', [CIDR]],
    ['192.168.0.1/0/99', [CIDR]],
    ['192.168.0.0/+16', [CIDR]],
    ['10.0.0.0/33', [CIDR]],
  ])('KIND-40: of %j an older field says %j', (text, problems) => {
    expect(cidrProblems(text)).toEqual(problems);
  });

  it('KIND-40: newer fields take the canonical form only', () => {
    expect(isValidCIDR(AT, '2a00:79e0:2:0::/64').map(({ detail }) => detail)).toEqual([
      'must be in canonical form ("2a00:79e0:2::/64")',
    ]);
  });

  it.each([
    [
      '192.12.2.0/024',
      [
        'f: non-standard CIDR value "192.12.2.0/024" will be considered invalid in a future Kubernetes release: use "192.12.2.0/24"',
      ],
    ],
    [
      '::ffff:192.12.2.0/120',
      [
        'f: non-standard CIDR value "::ffff:192.12.2.0/120" will be considered invalid in a future Kubernetes release: use "192.12.2.0/24"',
      ],
    ],
    [
      '192.12.2.8/24',
      ['f: CIDR value "192.12.2.8/24" is ambiguous in this context (should be "192.12.2.0/24" or "192.12.2.8/32"?)'],
    ],
    [
      '2001:db8:0:0::/64',
      ['f: IPv6 CIDR value "2001:db8:0:0::/64" should be in RFC 5952 canonical format ("2001:db8::/64")'],
    ],
  ])('KIND-40: %j is warned of', (text, warnings) => {
    expect(cidrWarnings('f', text)).toEqual(warnings);
  });
});
