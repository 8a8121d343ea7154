/**
 * NATS's keys (https://docs.nats.io/running-a-nats-service/configuration/securing_nats/auth_intro/nkey_auth): Ed25519,
 * written as base32 of type, key and checksum. The mathematics is node:crypto's; see ADR 0031 for why the official
 * JavaScript library is only what tests compare with.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
/** What stands before the 32 bytes of an Ed25519 seed in PKCS #8. */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');
const SEED_TYPE = 18 << 3;
const KEY_TYPES = { operator: 14 << 3, account: 0, user: 20 << 3 } as const;

export type NkeyKind = keyof typeof KEY_TYPES;

export interface Nkey {
  /** `O…`, `A…`, `U…` */
  readonly publicKey: string;
  /** `SO…`, `SA…`, `SU…`: a secret. */
  readonly seed: string;
  readonly key: KeyObject;
}

export function createNkey(kind: NkeyKind): Nkey {
  const { privateKey } = generateKeyPairSync('ed25519');
  const jwk = privateKey.export({ format: 'jwk' });
  const type = KEY_TYPES[kind];
  const seed = checked([SEED_TYPE | (type >> 5), (type & 31) << 3], Buffer.from(jwk.d ?? '', 'base64url'));
  return { publicKey: publicNkey(type, privateKey), seed, key: privateKey };
}

/** The key of a seed. @throws RangeError */
export function nkeyFromSeed(seed: string): Nkey {
  const bytes = fromBase32(seed, 36);
  const type = (((bytes[0] ?? 0) & 7) << 5) | ((bytes[1] ?? 0) >> 3);
  const key = privateKeyOf(seed);
  return { publicKey: publicNkey(type, key), seed, key };
}

function publicNkey(type: number, key: KeyObject): string {
  const { x } = createPublicKey(key.export({ format: 'pem', type: 'pkcs8' }) as string).export({ format: 'jwk' });
  return checked([type], Buffer.from(x ?? '', 'base64url'));
}

/** `A…`, `U…`: one type byte, the key, two bytes of checksum. @throws RangeError */
export function publicKeyOf(nkey: string): KeyObject {
  const bytes = fromBase32(nkey, 35);
  const x = bytes.subarray(1, 33).toString('base64url');
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
}

/** `SU…`: two type bytes, the seed, two bytes of checksum. @throws RangeError */
export function privateKeyOf(seed: string): KeyObject {
  const bytes = fromBase32(seed, 36);
  const key = Buffer.concat([PKCS8_HEAD, bytes.subarray(2, 34)]);
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
}

function fromBase32(text: string, length: number): Buffer {
  const bytes: number[] = [];
  let bits = 0;
  let value = 0;
  for (const char of text) {
    const digit = BASE32.indexOf(char);
    if (digit < 0) throw new RangeError('not base32');
    value = ((value << 5) | digit) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((value >> bits) & 0xff);
  }
  if (bytes.length !== length) throw new RangeError('not an nkey of this kind');
  return Buffer.from(bytes);
}

function checked(head: readonly number[], key: Buffer): string {
  const body = Buffer.concat([Buffer.from(head), key]);
  const sum = Buffer.alloc(2);
  sum.writeUInt16LE(crc16(body));
  return toBase32(Buffer.concat([body, sum]));
}

/** CRC-16/XMODEM. */
function crc16(bytes: Buffer): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = ((crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff) >>> 0;
  }
  return crc;
}

/** Without padding, as NATS writes it. */
export function toBase32(bytes: Buffer): string {
  let text = '';
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xfff;
    bits += 8;
    for (; bits >= 5; bits -= 5) text += BASE32[(value >> (bits - 5)) & 31];
  }
  return bits > 0 ? text + BASE32[(value << (5 - bits)) & 31] : text;
}
