/**
 * Hashes that name objects (pkg/controller/controller_utils.go ComputeHash; apimachinery rand.SafeEncodeString): the same
 * value has the same hash whatever the order of its keys, a collision count gives it another.
 */

const SAFE_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/** @param text canonical, see canonicalJson @returns 7 to 10 letters and digits that form no words */
export function stableHash(text: string, collisionCount?: number): string {
  return safeEncode(String(fnv1a(text + (collisionCount === undefined ? '' : String(collisionCount)))));
}

/** JSON with sorted keys, without absent values and empty lists, which mean the same. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (Array.isArray(part)) return part.length === 0 ? undefined : part;
    if (typeof part !== 'object') return part;
    return part === null ? undefined : Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** FNV-1a, 32 bits, over UTF-8. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

function safeEncode(text: string): string {
  return [...text].map((char) => SAFE_ALPHABET[char.charCodeAt(0) % SAFE_ALPHABET.length]).join('');
}
