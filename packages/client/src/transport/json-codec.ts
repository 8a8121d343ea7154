/**
 * JSON bodies, for HTTP and for patches on every transport.
 */
import type { Codec } from './transport.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

export const jsonCodec: Codec = {
  mediaType: 'application/json',
  encode: (value) => encoder.encode(JSON.stringify(value)),
  decode: (bytes): unknown => JSON.parse(decoder.decode(bytes)),
};
