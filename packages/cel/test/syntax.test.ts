import { describe, expect, it } from 'vitest';
import {
  type CelType,
  CompileError,
  compileCel,
  DYN,
  type FieldType,
  type ListValue,
  type MapValue,
  StructValue,
} from '../src/mod.ts';

const FIRST =
  "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";

function problems(text: string): string[] {
  try {
    compileCel(text, { variables: [] });
  } catch (error) {
    expect(error).toBeInstanceOf(CompileError);
    return (error as CompileError).message.split('\n').filter((line) => line.startsWith('ERROR: <input>:'));
  }
  return [];
}

describe('CEL-6: what does not parse is told as upstream tells it', () => {
  it.each<[string, ...string[]]>([
    ['', `1:0: Syntax error: mismatched input '<EOF>' expecting ${FIRST}`],
    ['150%', `1:5: Syntax error: mismatched input '<EOF>' expecting ${FIRST}`],
    ['10x', "1:3: Syntax error: extraneous input 'x' expecting <EOF>"],
    ['300.1.1.1', "1:6: Syntax error: mismatched input '.1' expecting <EOF>"],
    ['Not A Valid', "1:5: Syntax error: mismatched input 'A' expecting <EOF>"],
    ['../up', "1:2: Syntax error: no viable alternative at input '..'"],
    ['fe80::1', "1:5: Syntax error: mismatched input ':' expecting <EOF>"],
    [
      '1 + +',
      `1:5: Syntax error: mismatched input '+' expecting ${FIRST}`,
      `1:6: Syntax error: mismatched input '<EOF>' expecting ${FIRST}`,
    ],
    [
      '*@a | b',
      `1:1: Syntax error: extraneous input '*' expecting ${FIRST}`,
      "1:2: Syntax error: token recognition error at: '@'",
      "1:5: Syntax error: token recognition error at: '| '",
      "1:7: Syntax error: extraneous input 'b' expecting <EOF>",
    ],
    [
      '--',
      "1:3: Syntax error: no viable alternative at input '-'",
      `1:3: Syntax error: mismatched input '<EOF>' expecting ${FIRST}`,
    ],
    ['a.', "1:3: Syntax error: no viable alternative at input '.'"],
    ['{"a": 1}."a"', '1:10: Syntax error: no viable alternative at input \'."a"\''],
    ['self.true == 1', "1:6: Syntax error: mismatched input 'true' expecting IDENTIFIER"],
    ['(1', "1:3: Syntax error: missing ')' at '<EOF>'"],
    ['a ? b', "1:6: Syntax error: mismatched input '<EOF>' expecting ':'"],
    ['foo(a,b,)', `1:9: Syntax error: mismatched input ')' expecting ${FIRST}`],
    ['{1:305 2:569}', "1:8: Syntax error: mismatched input '2' expecting {'}', ','}"],
    ['{a}', "1:3: Syntax error: mismatched input '}' expecting ':'"],
    [
      'func{{a}}',
      "1:6: Syntax error: extraneous input '{' expecting {'}', ',', '?', IDENTIFIER, ESC_IDENTIFIER}",
      "1:8: Syntax error: mismatched input '}' expecting ':'",
      "1:9: Syntax error: extraneous input '}' expecting <EOF>",
    ],
    ['x{?.', "1:4: Syntax error: mismatched input '.' expecting {IDENTIFIER, ESC_IDENTIFIER}"],
    [
      '"\\xFh"',
      "1:1: Syntax error: token recognition error at: '\"\\xFh'",
      "1:6: Syntax error: token recognition error at: '\"'",
      `1:7: Syntax error: mismatched input '<EOF>' expecting ${FIRST}`,
    ],
    ['while', '1:1: reserved identifier: while'],
    ['9223372036854775808', '1:1: invalid int literal'],
    ['18446744073709551616u', '1:1: invalid uint literal'],
    ['1.99e90000009', '1:1: invalid double literal'],
    [`'\\udead' == ''`, '1:1: invalid unicode code point'],
    ['('.repeat(400), '-1:0: expression recursion limit exceeded: 250'],
    [Array.from({ length: 400 }, () => '1').join('+'), '-1:0: max recursion depth exceeded'],
  ])('%s', (text, ...expected) => {
    expect(problems(text)).toEqual(expected.map((line) => `ERROR: <input>:${line}`));
  });

  it('gives up after many mistakes', () => {
    const found = problems('a(,'.repeat(100));
    expect(found.at(-1)).toContain('Syntax error: error recovery attempt limit exceeded: 30');
  });

  it('points at the place below the text, wide characters with wide dots', () => {
    expect(() => compileCel("'é' +", { variables: [] })).toThrow(/\n \| 'é' \+\n \| \.．\.\.\.\^$/);
  });

  it.each([
    ['- -1 == 1 && !!true', true],
    ["'a\\u00e9\\x41\\101' == 'aéAA' && r'\\d' == '\\\\d' && '''it's''' == \"it's\" && b'\\xff' == b'\\377'", true],
    ['0x1F == 31 && 0x1fu == 31u && 1e3 == 1000.0 && .5 == 0.5 // the end', true],
    ["{'a-b': 1}.`a-b` == 1", true],
    ['1 < 2 == true ? 1 + 2 * 3 - 4 == 3 : false', true],
    ['true || false && false', true],
  ])('%s', (text, value) => expect(compileCel(text, { variables: [] }).evaluate([])).toBe(value));
});

/** Whatever field is asked for is there. */
class AnyFields extends Map<string, FieldType> {
  override get(name: string): FieldType {
    return { jsonName: name, type: DYN };
  }
}

const structs = (name: string): Extract<CelType, { kind: 'object' }> | undefined =>
  name.startsWith('Object') ? { kind: 'object', name, fields: new AnyFields() } : undefined;

describe('CEL-7: expressions make objects', () => {
  const run = (text: string): unknown => compileCel(text, { variables: [], structs }).evaluate([]);

  it('by the names of their types', () => {
    const made = run('Object.spec{replicas: 1 + 2, names: ["a"], ?gone: optional.none()}') as StructValue;
    expect(made).toBeInstanceOf(StructValue);
    expect([made.typeName, [...made.fields.keys()], made.fields.get('replicas')]).toEqual([
      'Object.spec',
      ['replicas', 'names'],
      3n,
    ]);
    expect(run('Object{a: 1} == Object{a: 1} && Object{a: 1} != Object{a: 2} && has(Object{a: 1}.a)')).toBe(true);
  });

  it('and nothing that has no type', () => {
    expect(problems('Thing{a: 1}')).toEqual(["ERROR: <input>:1:6: undeclared reference to 'Thing' (in container '')"]);
  });

  it('with lists and maps whose empty optionals are left out', () => {
    const list = run('[?optional.none(), ?optional.of(2), 3]') as ListValue;
    expect(list.toArray()).toEqual([2n, 3n]);
    expect((run("{?'a': optional.none(), 'b': 1}") as MapValue).keys()).toEqual(['b']);
    expect(problems('[?1]')).toEqual(["ERROR: <input>:1:3: expected type 'optional_type(int)' but found 'int'"]);
  });
});
