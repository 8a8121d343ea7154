import { describe, expect, it } from 'vitest';
import {
  type CelType,
  CompileError,
  CostError,
  CostMeter,
  compileCel,
  DOUBLE,
  EvaluationError,
  fromJson,
  INT,
  listOf,
  MAX_CACHED_PATTERNS,
  MAX_STRING,
  mapOf,
  STRING,
  safePattern,
} from '../src/mod.ts';

const SELF: CelType = {
  kind: 'object',
  name: 'object',
  fields: new Map([
    ['a', { jsonName: 'a', type: INT }],
    ['d', { jsonName: 'd', type: DOUBLE }],
    ['s', { jsonName: 's', type: STRING }],
    ['__namespace__', { jsonName: 'namespace', type: STRING }],
    ['list', { jsonName: 'list', type: listOf(INT) }],
    ['names', { jsonName: 'names', type: listOf(STRING) }],
    ['map', { jsonName: 'map', type: mapOf(STRING, INT) }],
  ]),
};
const JSON_SELF = {
  a: 3,
  d: 2,
  s: 'héllo',
  namespace: 'ns',
  list: [1, 2, 3],
  names: ['x', 'yy'],
  map: { one: 1, two: 2 },
};

function run(text: string, json: unknown = JSON_SELF): unknown {
  const program = compileCel(text, { variables: [['self', SELF]] });
  return program.evaluate([fromJson(json, SELF)]);
}

describe('CEL-1: expressions have the values that upstream gives them', () => {
  it.each([
    'self.a == 3 && self.d == 2.0 && self.a + 1 == 4',
    'self.a / 2 == 1 && self.a % 2 == 1 && -self.a == -3 && self.d / 4.0 == 0.5',
    "self.s.size() == 5 && size(self.s) == 5 && self.__namespace__ == 'ns'",
    'has(self.a) && self.list.all(x, x > 0) && self.list.exists(x, x == 2) && self.list.exists_one(x, x == 2)',
    'self.list.map(x, x * 2) == [2, 4, 6] && self.list.map(x, x > 1, x) == [2, 3] && self.list.filter(x, x != 2) == [1, 3]',
    "self.map.all(k, self.map[k] > 0) && 'one' in self.map && 2 in self.list && !(5 in self.list)",
    'self.list.all(i, v, v == i + 1) && self.map.exists(k, v, v == 2) && self.list.existsOne(i, v, v == 2)',
    'self.list.transformList(i, v, i * v) == [0, 2, 6] && self.list.transformList(i, v, v > 1, v) == [2, 3]',
    "self.map.transformMap(k, v, v + 1) == {'one': 2, 'two': 3}",
    "self.map.transformMapEntry(k, v, {v: k}) == {1: 'one', 2: 'two'}",
    'true || 1 / 0 == 1',
    '1 / 0 == 1 || true',
    "self.a > 2 ? true : self.s == ''",
    "'abc'.startsWith('a') && 'abc'.endsWith('c') && 'abc'.contains('b') && 'abc'.matches('^a.c$')",
    "'a-b-c'.split('-') == ['a', 'b', 'c'] && ['a', 'b'].join('-') == 'a-b' && 'aaa'.replace('a', 'b', 2) == 'bba'",
    "'hello'.indexOf('l') == 2 && 'hello'.lastIndexOf('l') == 3 && 'hello'.substring(1, 3) == 'el' && 'hello'.charAt(1) == 'e'",
    "'  X '.trim().lowerAscii() == 'x' && 'x'.upperAscii() == 'X'",
    "'%s is %d, %.2f'.format([dyn('a'), 3, 1.5]) == 'a is 3, 1.50'",
    "'a12b3'.find('[0-9]+') == '12' && 'a12b3'.findAll('[0-9]+') == ['12', '3']",
    '[3, 1, 2].sum() == 6 && [3, 1].min() == 1 && [3, 1].max() == 3 && [1, 2].isSorted() && [1, 2, 1].lastIndexOf(1) == 2',
    'sets.contains([1, 2, 3], [2]) && sets.intersects([1], [1, 2]) && sets.equivalent([1, 2], [2, 1])',
    '[1, 2, 2].distinct() == [1, 2] && [3, 1].sort() == [1, 3] && [1, 2, 3].slice(0, 2) == [1, 2] && lists.range(2) == [0, 1]',
    "quantity('1Gi').isGreaterThan(quantity('1G')) && quantity('50k').add(20) == quantity('50020') && isQuantity('1') && !isQuantity('x')",
    "quantity('500m').isInteger() == false && quantity('2').asInteger() == 2 && quantity('1').compareTo(quantity('2')) == -1",
    "ip('192.168.0.1').family() == 4 && isIP('::1') && ip('::1').isLoopback() && ip.isCanonical('127.0.0.1') && !isIP('1.2.3.04')",
    "cidr('10.0.0.0/8').containsIP('10.1.2.3') && cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16') && cidr('10.1.2.3/8').masked().ip() == ip('10.0.0.0')",
    "url('https://u.example.com:80/p?q=1').getHost() == 'u.example.com:80' && url('/p').getEscapedPath() == '/p' && isURL('https://x')",
    "url('https://e.com:80/p?q=1&q=2').getQuery()['q'] == ['1', '2'] && url('https://e.com:80').getPort() == '80'",
    "semver('1.2.3').isLessThan(semver('1.10.0')) && semver('v1.2', true).minor() == 2 && !isSemver('1.2') && semver('1.0.0-rc.1').isLessThan(semver('1.0.0'))",
    "duration('1h30m') > duration('1h') && duration('90s').getMinutes() == 1 && timestamp('2024-02-03T04:05:06Z').getMonth() == 1",
    "timestamp('2024-02-03T04:05:06Z') + duration('1s') == timestamp('2024-02-03T04:05:07Z')",
    "type(1) == int && string(1) == '1' && int('7') == 7 && double(1) == 1.0 && string(true) == 'true'",
    "optional.of(1).hasValue() && self.?a.orValue(0) == 3 && optional.none().orValue(5) == 5 && self.map[?'zzz'].orValue(9) == 9",
    "self.?s.optMap(v, v + '!').value() == 'héllo!'",
    'cel.bind(x, self.a * 2, x + x) == 12',
    "['bbb', 'a', 'cc'].sortBy(s, s.size()) == ['a', 'cc', 'bbb'] && self.list.sortBy(x, -x) == [3, 2, 1]",
    'self.list.first().value() == 1 && self.list.last() == optional.of(3) && !self.list.filter(x, x > 9).first().hasValue()',
    '[optional.of(1), optional.none(), optional.of(2)].unwrapOpt() == [1, 2] && optional.unwrap([optional.of(1)]) == [1]',
    "base64.decode('aGk=') == b'hi' && base64.encode(b'hi') == 'aGk='",
    "!format.dns1123Label().validate('web-1').hasValue() && format.dns1123Label().validate('Web').value().size() == 1",
    "!format.dns1123LabelPrefix().validate('web-').hasValue() && format.dns1035Label().validate('1a').hasValue()",
    "format.named('uuid').value().validate('x') == optional.of(['does not match the UUID format']) && !format.named('none').hasValue()",
    "format.date().validate('2024-02-30').value() == ['invalid date'] && !format.date().validate('2024-02-29').hasValue()",
    "!format.datetime().validate('2024-02-03T04:05:06Z').hasValue() && format.byte().validate('a').value() == ['invalid base64']",
    "!format.uri().validate('https://x/y').hasValue() && format.uri().validate('no uri').hasValue()",
    "!format.labelValue().validate('').hasValue() && !format.qualifiedName().validate('a.b/c').hasValue()",
  ])('%s', (text) => expect(run(text)).toBe(true));

  it.each([
    ['1 / 0 == 1', 'division by zero'],
    ['self.list[7] == 1', 'index out of bounds: 7'],
    ["self.map['none'] == 1", 'no such key: none'],
    ['self.a + 9223372036854775807 > 0', 'integer overflow'],
    ["self.list.all(x, 1 / (x - 1) >= 0 && self.map['q'] == 1)", 'division by zero'],
  ])('has no value: %s', (text, message) => expect(() => run(text)).toThrow(new EvaluationError(message)));

  it('has() tells what is there', () => {
    expect(run('has(self.a)', {})).toBe(false);
    expect(run('self.a == 3 || !has(self.s)', {})).toBe(true);
  });
});

describe('CEL-2: mistakes are found before anything is evaluated, and told as upstream tells them', () => {
  const problem = (text: string): string => {
    try {
      compileCel(text, { variables: [['self', SELF]] });
    } catch (error) {
      expect(error).toBeInstanceOf(CompileError);
      return (error as CompileError).message;
    }
    return '';
  };

  it.each([
    ['self.nope == 1', "ERROR: <input>:1:5: undefined field 'nope'\n | self.nope == 1\n | ....^"],
    ['other', "ERROR: <input>:1:1: undeclared reference to 'other' (in container '')\n | other\n | ^"],
    [
      "self.a + 'x'",
      "ERROR: <input>:1:8: found no matching overload for '_+_' applied to '(int, string)'\n | self.a + 'x'\n | .......^",
    ],
    [
      'self.s.contains(1)',
      "ERROR: <input>:1:16: found no matching overload for 'contains' applied to 'string.(int)'\n | self.s.contains(1)\n | ...............^",
    ],
    [
      'self.a == self.s',
      "ERROR: <input>:1:8: found no matching overload for '_==_' applied to '(int, string)'\n | self.a == self.s\n | .......^",
    ],
  ])('%s', (text, message) => expect(problem(text)).toBe(message));

  it('refuses what is too long or too deep to be looked at', () => {
    expect(problem(`'${'x'.repeat(100_000)}' == ''`)).toContain('expression code point size exceeds limit');
    expect(problem(`${'['.repeat(400)}1${']'.repeat(400)} == []`)).not.toBe('');
    expect(problem(Array.from({ length: 30_000 }, () => '1').join('+'))).not.toBe('');
  });

  it.each([
    ["[1, 'a']", "1:5: expected type 'int' but found 'string'"],
    ["{'a': 1, 'b': true}", "1:15: expected type 'int' but found 'bool'"],
    ["duration('1d') > duration('1h')", '1:10: invalid duration argument'],
    ["timestamp('yesterday') > timestamp('2024-02-03T04:05:06Z')", '1:11: invalid timestamp argument'],
    ["self.s.matches('(')", '1:16: invalid matches argument'],
    ["self.s.matches('(') && other", "1:24: undeclared reference to 'other' (in container '')"],
  ])('%s', (text, message) => expect(problem(text).split('\n')[0]).toBe(`ERROR: <input>:${message}`));

  it('tells syntax errors', () => {
    expect(problem('self.a.(')).toBe(
      "ERROR: <input>:1:8: Syntax error: no viable alternative at input '.('\n | self.a.(\n | .......^",
    );
    expect(problem('self.a ==')).toContain("ERROR: <input>:1:10: Syntax error: mismatched input '<EOF>' expecting");
  });
});

describe('CEL-3: costs are estimated before, and measured while an expression runs', () => {
  const cost = (text: string, maxItems: number, maxLength: number): number => {
    const type = listOf({ kind: 'string', max: maxLength * 4 }, maxItems);
    return compileCel(text, { variables: [['self', type]] }).maxCost;
  };

  it.each([
    [16, 11],
    [63, 30],
    [253, 106],
    [1024, 414],
  ])('an item of %i characters that is searched costs %i', (maxLength, perItem) => {
    const rule = "self.all(x, x.contains('gpu'))";
    expect(cost(rule, 2000, maxLength) - cost(rule, 1000, maxLength)).toBe(1000 * perItem);
  });

  it('nothing bounds what has no bounds', () => {
    expect(compileCel('self.all(x, x > 0)', { variables: [['self', listOf(INT)]] }).maxCost).toBe(
      Number.POSITIVE_INFINITY,
    );
  });

  it('ends what takes too long', () => {
    const type = listOf(INT);
    const program = compileCel('self.all(a, self.all(b, self.all(c, a + b + c > 0)))', { variables: [['self', type]] });
    const items = fromJson(
      Array.from({ length: 1000 }, (_, i) => i + 1),
      type,
    );
    expect(() => program.evaluate([items])).toThrow(CostError);
    const budget = new CostMeter(10);
    expect(() => program.evaluate([items], budget)).toThrow(CostError);
    expect(budget.left).toBeLessThanOrEqual(0);
  });

  it('begins nothing that would cost too much, and makes no string that is too long', () => {
    const type = listOf(INT);
    const items = fromJson(
      Array.from({ length: 20_000 }, (_, i) => i),
      type,
    );
    const over = (text: string): (() => unknown) => {
      const program = compileCel(text, {
        variables: [
          ['self', type],
          ['big', STRING],
        ],
      });
      return () => program.evaluate([items, 'x'.repeat(200_000)]);
    };
    expect(over('self.distinct().size() > 0')).toThrow(CostError);
    expect(over("big.replace('x', big) == ''")).toThrow(CostError);
    expect(over("self.map(i, big).join('') == ''")).toThrow(`string is longer than ${MAX_STRING} characters`);
    expect(over("'%s'.format([self.map(i, big)]) == ''")).toThrow(`string is longer than ${MAX_STRING} characters`);
  });

  it('remembers a bounded number of patterns', () => {
    for (let i = 0; i < MAX_CACHED_PATTERNS + 2; i++) expect(safePattern(`^x${i}$`).test(`x${i}`)).toBe(true);
  });

  it('matches patterns in linear time', () => {
    expect(run(`'${'a'.repeat(200)}!'.matches('^(a+)+$')`)).toBe(false);
  });
});
