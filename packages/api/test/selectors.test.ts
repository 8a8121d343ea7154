import { describe, expect, it } from 'vitest';
import { labelSelectorFrom, parseFieldSelector, parseLabelSelector, StatusError } from '../src/mod.ts';

const message = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof StatusError && error.code === 400) return error.message;
    throw error;
  }
  return 'no error';
};

describe('API-17: label selectors of requests', () => {
  it.each([
    ['', '', true],
    ['a=1', 'a=1', true],
    ['a==1,b!=2', 'a==1,b!=2', true],
    [' c , !d ', 'c,!d', true],
    ['a in (1,2)', 'a in (1,2)', true],
    ['a notin (2,3),x', 'a notin (2,3),x', false],
    ['b>1', 'b>1', true],
    ['b<1', 'b<1', false],
    ['in', 'in', false],
    ['missing=', 'missing=', false],
    ['missing in (,)', 'missing in ()', false],
    ['missing!=x', 'missing!=x', true],
  ])('%j', (text, printed, matches) => {
    const selector = parseLabelSelector(text);
    expect([selector.toString(), selector.matches({ a: '1', b: '5', c: '' })]).toEqual([printed, matches]);
  });
  it('are refused with the text of upstream', () => {
    const errors: Record<string, string> = {
      'n in a': "unable to parse requirement: found 'a' expected: '('",
      'a=b=c': "found '=', expected: ',' or 'end of string'",
      'x gt 1': "unable to parse requirement: found 'gt', expected: in, notin, =, ==, !=, gt, lt",
      'a,': "found '', expected: identifier after ','",
      ',a': "found ',', expected: !, identifier, or 'end of string'",
      '!': "unable to parse requirement: found '', expected: identifier",
      'a in ()':
        "unable to parse requirement: values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty",
      'a>x':
        "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer",
      '-bad!=x':
        "unable to parse requirement: <nil>: Invalid value: \"-bad\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
    };
    expect(
      Object.fromEntries(Object.keys(errors).map((text) => [text, message(() => parseLabelSelector(text))])),
    ).toEqual(errors);
  });
});

describe('API-18: label selectors of objects', () => {
  it('none matches nothing, an empty one everything', () => {
    expect([labelSelectorFrom(undefined).matches({}), labelSelectorFrom({}).matches({ a: 'b' })]).toEqual([
      false,
      true,
    ]);
    expect([labelSelectorFrom(undefined).isEverything, labelSelectorFrom({}).isEverything]).toEqual([false, true]);
  });
  it('prints as upstream does', () => {
    const selector = { matchLabels: { app: 'x' }, matchExpressions: [{ key: 'tier', operator: 'Exists' }] };
    expect(labelSelectorFrom(selector).toString()).toBe('app=x,tier');
  });
  it('own keys only', () =>
    expect(labelSelectorFrom({ matchExpressions: [{ key: 'constructor', operator: 'Exists' }] }).matches({})).toBe(
      false,
    ));
});

describe('API-19: field selectors', () => {
  it('match, print and tell what they require', () => {
    const selector = parseFieldSelector('spec.nodeName=a,status.phase!=Running,x==b\\,c');
    expect(selector.matches({ 'spec.nodeName': 'a', 'status.phase': 'Pending', x: 'b,c' })).toBe(true);
    expect(selector.matches({ 'spec.nodeName': 'a', 'status.phase': 'Running', x: 'b,c' })).toBe(false);
    expect(selector.requires('spec.nodeName')).toBe('a');
    expect(selector.toString()).toBe('spec.nodeName=a,status.phase!=Running,x=b\\,c');
  });
  it('are refused with the text of upstream', () => {
    expect(message(() => parseFieldSelector('metadata.name'))).toBe(
      "invalid selector: 'metadata.name'; can't understand 'metadata.name'",
    );
  });
});
