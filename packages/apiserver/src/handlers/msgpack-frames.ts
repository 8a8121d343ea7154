/**
 * msgpack answers put together from parts that are packed already, so that a list shares its items' bytes.
 */
import { encode } from '@regatta/bus';

/** A map whose last key is `items`, up to and including the array's header: the packed items follow. */
export function listHead(fields: Readonly<Record<string, unknown>>, items: number): Uint8Array[] {
  const entries = Object.entries(fields);
  // At most a handful of keys: a "fixmap".
  const parts: Uint8Array[] = [Uint8Array.of(0x80 | (entries.length + 1))];
  for (const [key, value] of entries) parts.push(encode(key), encode(value));
  parts.push(encode('items'), arrayHeader(items));
  return parts;
}

function arrayHeader(length: number): Uint8Array {
  const header = Buffer.alloc(5);
  header[0] = 0xdd;
  header.writeUInt32BE(length, 1);
  return header;
}
