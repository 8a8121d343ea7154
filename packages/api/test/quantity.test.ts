import { describe, expect, it } from 'vitest';
import { milliValue, numericValue, Quantity } from '../src/mod.ts';

describe('API-14: quantities print in canonical form', () => {
  it.each([
    ['0', '0'],
    ['.5', '500m'],
    ['0.1', '100m'],
    ['1000', '1k'],
    ['1500m', '1500m'],
    ['1000m', '1'],
    ['1.5Gi', '1536Mi'],
    ['1024', '1024'],
    ['1024Ki', '1Mi'],
    ['512Ki', '512Ki'],
    ['0.5Ki', '512'],
    ['0.1Ki', '102400m'],
    ['1e3', '1e3'],
    ['1E3', '1e3'],
    ['1E', '1E'],
    ['12345678', '12345678'],
    ['+5', '5'],
    ['-100m', '-100m'],
    ['0.0000000001', '1n'],
    ['9999999999999999999999', '9223372036854775807'],
    ['007', '7'],
  ])('%s → %s', (text, want) => expect(Quantity.parse(text).toString()).toBe(want));
});

describe('API-15: what is no quantity is refused in the words of upstream', () => {
  const FORMAT = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
  it.each([
    ['', FORMAT],
    ['abc', FORMAT],
    ['1.2.3', FORMAT],
    ['1 Gi', FORMAT],
    ['1KiB', FORMAT],
    ['1mm', "unable to parse quantity's suffix"],
    ['1ki', "unable to parse quantity's suffix"],
    ['Mi', 'unable to parse numeric part of quantity'],
  ])('%j', (text, message) => expect(() => Quantity.parse(text)).toThrow(message));
});

describe('API-16: arithmetic is exact, rounding is up', () => {
  it('adds and compares', () => {
    expect(Quantity.parse('100m').add(Quantity.parse('1')).toString()).toBe('1100m');
    expect(Quantity.parse('1Gi').sub(Quantity.parse('1Mi')).toString()).toBe('1023Mi');
    expect(Quantity.parse('1k').cmp(Quantity.parse('1Ki'))).toBe(-1);
    expect(Quantity.parse('1e3').cmp(Quantity.parse('1000'))).toBe(0);
  });
  it.each([
    ['100m', 100, 1],
    ['1.0001', 1001, 2],
    ['2', 2000, 2],
    ['1Gi', 1024 ** 3 * 1000, 1024 ** 3],
    ['-1500m', -1500, -2],
    [undefined, 0, 0],
  ])('%s', (text, milli, value) => expect([milliValue(text), numericValue(text)]).toEqual([milli, value]));
});
