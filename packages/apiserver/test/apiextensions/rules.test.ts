import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, type RunningServer, runServer } from '../running-server.ts';
import { DEFINITIONS, define, definition, widget } from './definitions.ts';

let running: RunningServer;
beforeAll(async () => {
  running = await runServer();
});
afterAll(() => running.stop());

const MERGE = 'application/merge-patch+json';

function message(answer: Answer): string {
  return (JSON.parse(answer.text) as { message: string }).message;
}

/** A schema of `spec` with these properties and rules. */
function specSchema(properties: object, rules: readonly object[] = []): object {
  const spec = { type: 'object', properties, ...(rules.length > 0 ? { 'x-kubernetes-validations': rules } : {}) };
  return { type: 'object', properties: { spec } };
}

describe('CEL-4: rules of a schema are checked after it, with their messages, reasons and paths', () => {
  const group = 'rules.example.com';
  let path: string;
  beforeAll(async () => {
    const properties = {
      size: { type: 'integer' },
      replicas: { type: 'integer', default: 1 },
      name: { type: 'string', maxLength: 10 },
      frozen: { type: 'string', 'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'is immutable' }] },
      parts: {
        type: 'array',
        maxItems: 5,
        items: {
          type: 'object',
          properties: { n: { type: 'integer' } },
          'x-kubernetes-validations': [{ rule: 'self.n > 0' }],
        },
      },
    };
    const rules = [
      { rule: '!has(self.size) || self.size <= self.replicas * 10', message: 'too big' },
      {
        rule: "!has(self.name) || self.name != 'bad'",
        messageExpression: "'bad name: ' + self.name",
        reason: 'FieldValueForbidden',
        fieldPath: '.name',
      },
      { rule: '!has(self.size) || 10 / self.size >= 0', message: 'zero' },
    ];
    path = await define(running, { group, schema: specSchema(properties, rules) });
  });

  it.each([
    ['spec: Invalid value: too big', { size: 11 }],
    ['spec.name: Forbidden: bad name: bad', { name: 'bad' }],
    [
      'spec: Invalid value: "object": division by zero evaluating rule: !has(self.size) || 10 / self.size >= 0',
      { size: 0 },
    ],
    ['spec.parts[1]: Invalid value: failed rule: self.n > 0', { parts: [{ n: 1 }, { n: 0 }] }],
  ])('%s', async (text, spec) => {
    const answer = await running.request('POST', path, { body: widget(group, 'bad', { spec }) });
    expect([answer.code, message(answer)]).toEqual([422, `Widget.${group} "bad" is invalid: ${text}`]);
  });

  it('are left out when the object does not fit its schema', async () => {
    const answer = await running.request('POST', path, { body: widget(group, 'bad', { spec: { size: 'x' } }) });
    expect(message(answer)).toContain(
      '<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
    );
  });

  it('compare with what was before', async () => {
    await running.request('POST', path, { body: widget(group, 'frozen', { spec: { frozen: 'x' } }) });
    const answer = await running.request('PATCH', `${path}/frozen`, { type: MERGE, body: { spec: { frozen: 'y' } } });
    expect(message(answer)).toBe(`Widget.${group} "frozen" is invalid: spec.frozen: Invalid value: "y": is immutable`);
    const same = await running.request('PATCH', `${path}/frozen`, { type: MERGE, body: { spec: { size: 1 } } });
    expect(same.code).toBe(200);
  });
});

describe('CRD-8: what was wrong before and has not changed is forgiven', () => {
  it('in schemas and in rules', async () => {
    const group = 'ratchet.example.com';
    const path = await define(running, { group, schema: specSchema({ a: { type: 'string' }, b: { type: 'string' } }) });
    await running.request('POST', path, { body: widget(group, 'old', { spec: { a: 'long', b: 'x' } }) });
    const stricter = specSchema({
      a: { type: 'string', maxLength: 2 },
      b: { type: 'string', maxLength: 9, 'x-kubernetes-validations': [{ rule: "self == 'never'" }] },
    });
    const versions = [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: stricter } }];
    await running.request('PATCH', `${DEFINITIONS}/widgets.${group}`, { type: MERGE, body: { spec: { versions } } });
    await expect
      .poll(
        async () => (await running.request('POST', path, { body: widget(group, 'new', { spec: { a: 'long' } }) })).code,
      )
      .toBe(422);
    const labelled = { type: MERGE, body: { metadata: { labels: { a: 'b' } } } };
    expect((await running.request('PATCH', `${path}/old`, labelled)).code).toBe(200);
    const changed = await running.request('PATCH', `${path}/old`, { type: MERGE, body: { spec: { b: 'y' } } });
    expect(message(changed)).toBe(
      `Widget.${group} "old" is invalid: spec.b: Invalid value: "y": failed rule: self == 'never'`,
    );
  });
});

describe('CEL-5: rules that do not compile, or may cost too much, are refused with their definition', () => {
  const refused = async (group: string, schema: object): Promise<string> => {
    const answer = await running.request('POST', DEFINITIONS, { body: definition({ group, schema }) });
    expect(answer.code).toBe(422);
    return message(answer);
  };

  it('tells where an expression is wrong', async () => {
    const text = await refused('typo.example.com', specSchema({ a: { type: 'string' } }, [{ rule: 'self.nope == 1' }]));
    expect(text).toContain(
      'spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations[0].rule: Invalid value: ',
    );
    expect(text).toContain(
      "compilation failed: ERROR: <input>:1:5: undefined field 'nope'\n | self.nope == 1\n | ....^",
    );
  });

  it('tells how far an expression is over its budget', async () => {
    const tags = { type: 'array', items: { type: 'string' } };
    const rule = { rule: "self.tags.all(x, x.contains('gpu'))" };
    const text = await refused('costly.example.com', specSchema({ tags }, [rule]));
    const at = 'spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations[0].rule';
    const hint =
      '(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)';
    expect(text).toBe(
      `CustomResourceDefinition.apiextensions.k8s.io "widgets.costly.example.com" is invalid: [${[
        `${at}: Forbidden: estimated rule cost exceeds budget by factor of more than 100x ${hint}`,
        `${at}: Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema`,
        `spec.validation.openAPIV3Schema: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of more than 100x ${hint}`,
      ].join(', ')}]`,
    );
    const bounded = { ...tags, maxItems: 10, items: { type: 'string', maxLength: 20 } };
    await define(running, { group: 'cheap.example.com', schema: specSchema({ tags: bounded }, [rule]) });
  });

  it('ends what takes too long when it runs', async () => {
    const group = 'slow.example.com';
    const list = { type: 'array', maxItems: 60, items: { type: 'integer' } };
    const rule = { rule: 'self.list.all(a, self.list.all(b, self.list.all(c, a + b + c > 0)))' };
    const path = await define(running, { group, schema: specSchema({ list }, [rule]) });
    const spec = { list: Array.from({ length: 60 }, (_, i) => i + 1) };
    const answer = await running.request('POST', path, { body: widget(group, 'slow', { spec }) });
    expect(message(answer)).toContain(
      'no further validation rules will be run due to call cost exceeds limit for rule',
    );
  });
});
