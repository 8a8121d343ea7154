/**
 * URLs, IP addresses, networks and base64
 * (upstream: k8s.io/apiserver/pkg/cel/library/{urls,ip,cidr}.go, github.com/google/cel-go/ext/encoders.go).
 */
import { isIP } from 'node:net';
import { EvaluationError } from '../cel-error.ts';
import { fn, type Library, method, traversal } from '../overloads.ts';
import { BOOL, BYTES, INT, listOf, mapOf, opaque, STRING } from '../types.ts';
import { ListValue, MapValue, Opaque, type Value } from '../values.ts';
import * as arg from './arguments.ts';

const URL_TYPE = opaque('kubernetes.URL');
const IP = opaque('net.IP');
const CIDR = opaque('net.CIDR');
const reads = { cost: traversal(0) };

class UrlBox {
  constructor(
    readonly url: URL,
    readonly text: string,
    /** A path alone. */
    readonly isPath: boolean,
  ) {}
}

function parseUrl(text: string): UrlBox | undefined {
  if (text.startsWith('/'))
    return URL.canParse(text, 'http://x') ? new UrlBox(new URL(text, 'http://x'), text, true) : undefined;
  return URL.canParse(text) && /^[a-zA-Z][a-zA-Z0-9+.-]*:/.test(text)
    ? new UrlBox(new URL(text), text, false)
    : undefined;
}

function toUrl(text: string): Value {
  const box = parseUrl(text);
  if (!box)
    throw new EvaluationError(
      `URL parse error during conversion from string: parse ${JSON.stringify(text)}: invalid URI for request`,
    );
  return new Opaque('kubernetes.URL', box, text);
}

function urlAt(args: readonly Value[]): UrlBox {
  const { value } = arg.opaqueValue(args, 0);
  if (!(value instanceof UrlBox)) throw new EvaluationError('no such overload');
  return value;
}

function hostOf({ url, isPath, text }: UrlBox): string {
  if (isPath) return '';
  // The parser drops ports that are usual; the text still has them.
  const authority = /^[a-zA-Z][a-zA-Z0-9+.-]*:\/\/(?:[^/?#]*@)?([^/?#]*)/.exec(text)?.[1];
  return authority ?? url.host;
}

function portOf(box: UrlBox): string {
  return /:(\d+)$/.exec(hostOf(box))?.[1] ?? '';
}

function queryOf({ url }: UrlBox): MapValue {
  const entries = new Map<string, [Value, Value]>();
  for (const key of new Set(url.searchParams.keys())) {
    entries.set(`s${key}`, [key, ListValue.of(url.searchParams.getAll(key))]);
  }
  return MapValue.of(entries);
}

const urls: Library = [
  fn('url', [STRING], URL_TYPE, (args) => toUrl(arg.string(args, 0)), reads),
  fn('isURL', [STRING], BOOL, (args) => parseUrl(arg.string(args, 0)) !== undefined, reads),
  method('getScheme', [URL_TYPE], STRING, (args) => (urlAt(args).isPath ? '' : urlAt(args).url.protocol.slice(0, -1))),
  method('getHost', [URL_TYPE], STRING, (args) => hostOf(urlAt(args))),
  method('getHostname', [URL_TYPE], STRING, (args) =>
    hostOf(urlAt(args))
      .replace(/:\d+$/, '')
      .replace(/^\[|\]$/g, ''),
  ),
  method('getPort', [URL_TYPE], STRING, (args) => portOf(urlAt(args))),
  method('getEscapedPath', [URL_TYPE], STRING, (args) => urlAt(args).url.pathname),
  method('getQuery', [URL_TYPE], mapOf(STRING, listOf(STRING)), (args) => queryOf(urlAt(args))),
];

/** An address as eight or two pairs of bytes, in one number. */
class Address {
  constructor(
    readonly family: 4 | 6,
    readonly bits: bigint,
  ) {}

  get width(): number {
    return this.family === 4 ? 32 : 128;
  }

  toString(): string {
    return this.family === 4 ? text4(this.bits) : text6(this.bits);
  }
}

/** Strict: no zones, no leading zeros, no IPv4 in IPv6. */
function parseIp(text: string): Address | undefined {
  const family = isIP(text);
  if (family === 0 || text.includes('%') || (family === 6 && text.includes('.'))) return undefined;
  if (family === 4) {
    if (text.split('.').some((part) => part.length > 1 && part.startsWith('0'))) return undefined;
    return new Address(
      4,
      text.split('.').reduce((bits, part) => (bits << 8n) | BigInt(part), 0n),
    );
  }
  const [head = '', tail] = text.split('::');
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const [before, behind] = [groups(head), groups(tail ?? '')];
  const zeros = Array.from({ length: tail === undefined ? 0 : 8 - before.length - behind.length }, () => '0');
  const bits = [...before, ...zeros, ...behind].reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
  return new Address(6, bits);
}

function text4(bits: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((bits >> shift) & 255n)).join('.');
}

/** The longest run of zeros is left out, the first of several (RFC 5952). */
function text6(bits: bigint): string {
  const groups = Array.from({ length: 8 }, (_, i) => ((bits >> BigInt(112 - 16 * i)) & 0xffffn).toString(16));
  const run = longestZeros(groups);
  if (run.length < 2) return groups.join(':');
  return `${groups.slice(0, run.start).join(':')}::${groups.slice(run.start + run.length).join(':')}`;
}

function longestZeros(groups: readonly string[]): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (const [i, group] of [...groups, 'end'].entries()) {
    if (group === '0') continue;
    if (i - start > best.length) best = { start, length: i - start };
    start = i + 1;
  }
  return best;
}

function toIp(text: string): Value {
  const address = parseIp(text);
  if (!address)
    throw new EvaluationError(
      `IP Address ${JSON.stringify(text)} parse error during conversion from string: unable to parse IP`,
    );
  return boxedIp(address);
}

function boxedIp(address: Address): Value {
  return new Opaque('net.IP', address, `${address.family}/${address.bits}`);
}

function ipAt(args: readonly Value[], i: number): Address {
  const { value } = arg.opaqueValue(args, i);
  if (!(value instanceof Address)) throw new EvaluationError('no such overload');
  return value;
}

const RANGES: Readonly<Record<string, readonly (readonly [string, number])[]>> = {
  isLoopback: [
    ['127.0.0.0', 8],
    ['::1', 128],
  ],
  isLinkLocalMulticast: [
    ['224.0.0.0', 24],
    ['ff02::', 16],
  ],
  isLinkLocalUnicast: [
    ['169.254.0.0', 16],
    ['fe80::', 10],
  ],
};

function isIn(ranges: readonly (readonly [string, number])[], address: Address): boolean {
  return ranges.some(([base, prefix]) => {
    const network = parseIp(base);
    return (
      network !== undefined && network.family === address.family && masked(network, prefix) === masked(address, prefix)
    );
  });
}

function masked({ bits, width }: Address, prefix: number): bigint {
  const shift = BigInt(width - prefix);
  return (bits >> shift) << shift;
}

/** Anything but multicast, loopback, link-local and unspecified. */
function isGlobalUnicast(address: Address): boolean {
  const special = [
    ['224.0.0.0', 4],
    ['ff00::', 8],
    ['255.255.255.255', 32],
  ] as const;
  return (
    address.bits !== 0n && !isIn(special, address) && !Object.values(RANGES).some((ranges) => isIn(ranges, address))
  );
}

const ips: Library = [
  fn('ip', [STRING], IP, (args) => toIp(arg.string(args, 0)), reads),
  fn('isIP', [STRING], BOOL, (args) => parseIp(arg.string(args, 0)) !== undefined, reads),
  fn(
    'ip.isCanonical',
    [STRING],
    BOOL,
    (args) => String(parseIp(arg.string(args, 0)) ?? toIp(arg.string(args, 0))) === arg.string(args, 0),
    reads,
  ),
  fn('string', [IP], STRING, (args) => String(ipAt(args, 0))),
  method('family', [IP], INT, (args) => BigInt(ipAt(args, 0).family)),
  method('isUnspecified', [IP], BOOL, (args) => ipAt(args, 0).bits === 0n),
  method('isGlobalUnicast', [IP], BOOL, (args) => isGlobalUnicast(ipAt(args, 0))),
  ...Object.entries(RANGES).map(([name, ranges]) => method(name, [IP], BOOL, (args) => isIn(ranges, ipAt(args, 0)))),
];

class Network {
  constructor(
    readonly address: Address,
    readonly prefix: number,
  ) {}

  contains(address: Address): boolean {
    return address.family === this.address.family && masked(address, this.prefix) === masked(this.address, this.prefix);
  }

  toString(): string {
    return `${this.address}/${this.prefix}`;
  }
}

function parseNetwork(text: string): Network | undefined {
  const [base = '', prefix = '', ...rest] = text.split('/');
  const address = parseIp(base);
  if (!address || rest.length > 0 || !/^(0|[1-9]\d{0,2})$/.test(prefix) || Number(prefix) > address.width)
    return undefined;
  return new Network(address, Number(prefix));
}

function toNetwork(text: string): Value {
  const network = parseNetwork(text);
  if (!network)
    throw new EvaluationError(
      `CIDR ${JSON.stringify(text)} parse error during conversion from string: unable to parse CIDR`,
    );
  return boxedNetwork(network);
}

function boxedNetwork(network: Network): Value {
  return new Opaque('net.CIDR', network, String(network));
}

function networkAt(args: readonly Value[], i: number): Network {
  const { value } = arg.opaqueValue(args, i);
  if (!(value instanceof Network)) throw new EvaluationError('no such overload');
  return value;
}

function within(outer: Network, inner: Network | undefined): boolean {
  return inner !== undefined && inner.prefix >= outer.prefix && outer.contains(inner.address);
}

const networks: Library = [
  fn('cidr', [STRING], CIDR, (args) => toNetwork(arg.string(args, 0)), reads),
  fn('isCIDR', [STRING], BOOL, (args) => parseNetwork(arg.string(args, 0)) !== undefined, reads),
  fn('string', [CIDR], STRING, (args) => String(networkAt(args, 0))),
  method('containsIP', [CIDR, IP], BOOL, (args) => networkAt(args, 0).contains(ipAt(args, 1))),
  method(
    'containsIP',
    [CIDR, STRING],
    BOOL,
    (args) => networkAt(args, 0).contains(ipAt([toIp(arg.string(args, 1))], 0)),
    {
      cost: traversal(1),
    },
  ),
  method('containsCIDR', [CIDR, CIDR], BOOL, (args) => within(networkAt(args, 0), networkAt(args, 1))),
  method(
    'containsCIDR',
    [CIDR, STRING],
    BOOL,
    (args) => within(networkAt(args, 0), networkAt([toNetwork(arg.string(args, 1))], 0)),
    {
      cost: traversal(1),
    },
  ),
  method('ip', [CIDR], IP, (args) => boxedIp(networkAt(args, 0).address)),
  method('prefixLength', [CIDR], INT, (args) => BigInt(networkAt(args, 0).prefix)),
  method('masked', [CIDR], CIDR, (args) => {
    const { address, prefix } = networkAt(args, 0);
    return boxedNetwork(new Network(new Address(address.family, masked(address, prefix)), prefix));
  }),
];

const encoders: Library = [
  fn('base64.encode', [BYTES], STRING, (args) => Buffer.from(arg.bytes(args, 0)).toString('base64'), reads),
  fn('base64.decode', [STRING], BYTES, (args) => Buffer.from(arg.string(args, 0), 'base64'), reads),
];

export const addressesLibrary: Library = [...urls, ...ips, ...networks, ...encoders];
