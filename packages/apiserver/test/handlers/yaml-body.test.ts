import { describe, expect, it } from 'vitest';
import { parseYaml } from '../../src/handlers/yaml-body.ts';

describe('SSA-6: broken YAML is refused in the words of go-yaml', () => {
  it.each([
    ['spec: [', 'line 1: did not find expected node content'],
    ['a:\n  b: [1', "line 2: did not find expected ',' or ']'"],
    ['a: {b: 1\n', "line 1: did not find expected ',' or '}'"],
    ['a: [1, 2\nb: 3\n', "line 1: did not find expected ',' or ']'"],
    ['a: b: c\n', 'mapping values are not allowed in this context'],
    ['a: 1\n b: 2\n', 'line 2: mapping values are not allowed in this context'],
    ['a:\n\tb: 1\n', 'line 2: found character that cannot start any token'],
    ['a: @x\n', 'found character that cannot start any token'],
    ['a: "x\n', 'line 2: found unexpected end of stream'],
    ['a: 1\nfoo\nb: 2\n', "line 3: could not find expected ':'"],
    ['a:\n  b: 1\n c: 2\n', 'line 2: did not find expected key'],
    ['a: b\n- c\n', 'line 1: did not find expected key'],
    ['- a\nb: 1\n', "line 1: did not find expected '-' indicator"],
    ['a:\n  - b\n  c: 1\n', "line 2: did not find expected '-' indicator"],
    ['{', 'line 1: did not find expected node content'],
    ['a: ]', 'did not find expected node content'],
  ])('%j', (text, problem) => {
    expect(() => parseYaml(text)).toThrow(new Error(`yaml: ${problem}`));
  });
});

describe('SSA-7: YAML is read as JSON', () => {
  it.each([
    ['at: 2026-01-01T00:00:00Z', { at: '2026-01-01T00:00:00Z' }],
    ['yes: no', { true: false }],
    ['1: a', { '1': 'a' }],
    ['a: &x {b: 1}\nc: *x', { a: { b: 1 }, c: { b: 1 } }],
    ['a: 1\n---\nb: 2\n', { a: 1 }],
    ['', null],
  ])('%j', (text, value) => {
    expect(parseYaml(text).value).toEqual(value);
  });

  it('keys that are there twice are told with the line of the value', () => {
    const text = 'a: 1\na: 2\nb:\n  c: 1\n  c:\n    d: 1\n';
    expect(parseYaml(text).strictErrors).toEqual([
      'yaml: unmarshal errors:\n  line 2: key "a" already set in map\n  line 6: key "c" already set in map',
    ]);
  });
});
