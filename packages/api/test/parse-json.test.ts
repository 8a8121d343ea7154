import { describe, expect, it } from 'vitest';
import { ExactNumber, JsonSyntaxError, parseJson, summarizeBody } from '../src/mod.ts';

const parse = (text: string) => parseJson(Buffer.from(text));
const message = (text: string): string => {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof JsonSyntaxError) return error.message;
    throw error;
  }
  return 'no error';
};

describe('API-1: malformed JSON is refused in the words of Go', () => {
  it.each([
    ['', 'unexpected end of JSON input'],
    ['{not json', "invalid character 'n' looking for beginning of object key string"],
    ['nonsense', "invalid character 'o' in literal null (expecting 'u')"],
    ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"a":1 "b"}', "invalid character '\"' after object key:value pair"],
    ['[1 2]', "invalid character '2' after array element"],
    ['[1,]', "invalid character ']' looking for beginning of value"],
    ['{} x', "invalid character 'x' after top-level value"],
    ['01', "invalid character '1' after top-level value"],
    ['-', 'unexpected end of JSON input'],
    ['-x', "invalid character 'x' in numeric literal"],
    ['1.x', "invalid character 'x' after decimal point in numeric literal"],
    ['1ex', "invalid character 'x' in exponent of numeric literal"],
    ['"\\q"', "invalid character 'q' in string escape code"],
    ['"\\u00g0"', "invalid character 'g' in \\u hexadecimal character escape"],
    ['"a\nb"', "invalid character '\\n' in string literal"],
    ["{'a':1}", "invalid character '\\'' looking for beginning of object key string"],
    ['{"a":"b', 'unexpected end of JSON input'],
    ['é', "invalid character 'Ã' looking for beginning of value"],
  ])('%s', (text, want) => expect(message(text)).toBe(want));
});

describe('API-2: duplicate keys are named with their path; the last value counts', () => {
  it('finds them at any depth, each once', () => {
    const { value, duplicates } = parse('{"a":[{"b":1,"b":2,"b":3}],"c":{"d":1},"c":{"e":1}}');
    expect(value).toEqual({ a: [{ b: 3 }], c: { e: 1 } });
    expect(duplicates).toEqual(['duplicate field "a[0].b"', 'duplicate field "c"']);
  });
  it('is not misled by colons and quotes in strings', () => {
    expect(parse('{"a":"\\"x\\":1","b":"{:}"}')).toEqual({ value: { a: '"x":1', b: '{:}' }, duplicates: [] });
  });
  it('takes __proto__ for a key like any other', () => {
    const { value, duplicates } = parse('{"__proto__":{"x":1},"__proto__":{"y":2}}');
    expect(Object.keys(value as object)).toEqual(['__proto__']);
    expect(duplicates).toEqual(['duplicate field "__proto__"']);
    expect(({} as Record<string, unknown>)['y']).toBeUndefined();
  });
});

describe('API-3: numbers that JavaScript would change keep their text', () => {
  it.each(['1.0', '1e3', '9007199254740993', '123456789012345678901'])('%s', (text) => {
    const { value } = parse(`[${text}]`);
    expect((value as unknown[])[0]).toEqual(new ExactNumber(text));
  });
  it.each([
    ['0.5', 0.5],
    ['-7', -7],
    ['1.25', 1.25],
  ])('%s stays a number', (text, want) => expect(parse(`[${text}]`).value).toEqual([want]));
});

describe('API-4: nesting is bounded', () => {
  it('refuses more than 1000 levels', () => expect(message('['.repeat(1001))).toBe('exceeded max depth'));
  it('refuses millions as fast', () => expect(message('['.repeat(3_000_000))).toBe('exceeded max depth'));
  it('reads 1000, also the exact way', () =>
    expect(message(`${'['.repeat(1000)}1.0${']'.repeat(1000)}`)).toBe('no error'));
});

describe('API-5: a body that can not be read is shown in short', () => {
  it.each([
    ['', '<empty>'],
    ['{not json', '{not json'],
    ['[]', '5b5d'],
    [`{${'x'.repeat(40)}`, `{${'x'.repeat(29)} ...`],
  ])('%s', (text, want) => expect(summarizeBody(Buffer.from(text))).toBe(want));
});
