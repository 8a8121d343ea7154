import { describe, expect, it } from 'vitest';
import { decode, decodeAll, encode } from '../src/mod.ts';

describe('codec', () => {
  it('BUS-43: a field named __proto__ arrives as a field, and no prototype changes', () => {
    const sent: unknown = JSON.parse('{"data":{"__proto__":"1","a":[{"__proto__":{"b":true}}]},"n":5,"empty":{}}');
    const got = decode(encode(sent));
    expect(JSON.stringify(got)).toBe(JSON.stringify(sent));
    expect(Object.getPrototypeOf((got as { data: object }).data)).toBe(Object.prototype);
    expect(JSON.stringify(decodeAll(Buffer.concat([encode(sent), encode(['x'])])))).toBe(JSON.stringify([sent, ['x']]));
  });
});
