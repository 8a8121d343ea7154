import { describe, expect, it } from 'vitest';
import { applyJsonPatch, applyMergePatch, applyStrategicMergePatch, Schema, StatusError } from '../src/mod.ts';

const schema = Schema.load();
const POD = 'io.k8s.api.core.v1.Pod';
const DEPLOYMENT = 'io.k8s.api.apps.v1.Deployment';

function failure(act: () => unknown): { code: number; message: string } {
  try {
    act();
  } catch (error) {
    if (error instanceof StatusError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error('nothing was thrown');
}

const strategic = (doc: object, patch: unknown, type = POD) => applyStrategicMergePatch(schema, type, doc, patch);
const pod = (...names: string[]) => ({ spec: { containers: names.map((name) => ({ name, image: name })) } });
const namesOf = (result: Record<string, unknown>) =>
  (result['spec'] as { containers: { name: string }[] }).containers.map((c) => c.name);

describe('API-10: JSON patch', () => {
  it.each([
    ['add', [{ op: 'add', path: '/b', value: 2 }], { a: [1, 2], b: 2 }],
    ['add to a list', [{ op: 'add', path: '/a/1', value: 9 }], { a: [1, 9, 2] }],
    ['append', [{ op: 'add', path: '/a/-', value: 9 }], { a: [1, 2, 9] }],
    ['remove', [{ op: 'remove', path: '/a/0' }], { a: [2] }],
    ['remove from the end', [{ op: 'remove', path: '/a/-1' }], { a: [1] }],
    ['replace', [{ op: 'replace', path: '/a', value: 'x' }], { a: 'x' }],
    ['move', [{ op: 'move', from: '/a', path: '/c~1d' }], { 'c/d': [1, 2] }],
    ['copy', [{ op: 'copy', from: '/a', path: '/~0' }], { a: [1, 2], '~': [1, 2] }],
    ['test', [{ op: 'test', path: '/a', value: [1, 2] }], { a: [1, 2] }],
  ])('%s', (_, patch, want) => expect(applyJsonPatch({ a: [1, 2] }, patch)).toEqual(want));

  it.each([
    [[{ op: 'test', path: '/a', value: 7 }]],
    [[{ op: 'remove', path: '/nothing' }]],
    [[{ op: 'replace', path: '/nothing', value: 1 }]],
    [[{ op: 'add', path: '/x/y', value: 1 }]],
    [[{ op: 'add', path: '/a/7', value: 1 }]],
    [[{ op: 'fly', path: '/x' }]],
    [[{ op: 'remove', path: '/__proto__/x' }]],
  ])('%j does not fit: the generic 422', (patch) =>
    expect(failure(() => applyJsonPatch({ a: [] }, patch))).toEqual({
      code: 422,
      message: 'the server rejected our request due to an error in our request',
    }),
  );

  it('says what is no patch', () => {
    expect(failure(() => applyJsonPatch({}, { op: 'add' }))).toEqual({
      code: 400,
      message: 'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp',
    });
  });

  it('has a limit of operations', () => {
    const patch = Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/a', value: 1 }));
    expect(failure(() => applyJsonPatch({ a: 1 }, patch))).toEqual({
      code: 413,
      message: 'Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001',
    });
  });
});

describe('API-11: merge patch', () => {
  it('merges, deletes by null, replaces lists, adds no nulls', () => {
    const doc = { a: { b: 1, c: [1] }, d: 2 };
    expect(applyMergePatch(doc, { a: { b: null, c: [2], n: { x: null, y: 1 } } })).toEqual({
      a: { c: [2], n: { y: 1 } },
      d: 2,
    });
    expect(doc).toEqual({ a: { b: 1, c: [1] }, d: 2 });
  });
  it('says what is no patch', () => {
    expect(failure(() => applyMergePatch({}, [])).message).toBe(
      'error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}',
    );
  });
});

describe('API-12: strategic merge patch', () => {
  it('merges lists by key; new elements come first, as upstream puts them', () => {
    expect(namesOf(strategic(pod('web'), pod('side')))).toEqual(['side', 'web']);
    expect(namesOf(strategic(pod('a', 'b'), pod('b')))).toEqual(['a', 'b']);
  });
  it('deletes and replaces elements', () => {
    expect(namesOf(strategic(pod('a', 'b'), { spec: { containers: [{ name: 'a', $patch: 'delete' }] } }))).toEqual([
      'b',
    ]);
    expect(namesOf(strategic(pod('a', 'b'), { spec: { containers: [{ $patch: 'replace' }, { name: 'c' }] } }))).toEqual(
      ['c'],
    );
  });
  it('keeps the order that is asked for', () => {
    const patch = {
      spec: { '$setElementOrder/containers': [{ name: 'second' }, { name: 'web' }], containers: [{ name: 'second' }] },
    };
    expect(namesOf(strategic(pod('web'), patch))).toEqual(['second', 'web']);
    const reorder = { spec: { '$setElementOrder/containers': [{ name: 'c' }, { name: 'a' }] } };
    expect(namesOf(strategic(pod('a', 'b', 'c'), reorder))).toEqual(['b', 'c', 'a']);
  });
  it('merges and deletes in lists of scalars', () => {
    const doc = { metadata: { finalizers: ['a'] } };
    expect(strategic(doc, { metadata: { finalizers: ['b'] } })).toEqual({ metadata: { finalizers: ['b', 'a'] } });
    expect(strategic(doc, { metadata: { '$deleteFromPrimitiveList/finalizers': ['a'] } })).toEqual({
      metadata: { finalizers: [] },
    });
  });
  it('replaces maps and retains keys', () => {
    const doc = { spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } } };
    const retain = { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } };
    expect(strategic(doc, retain, DEPLOYMENT)).toEqual({ spec: { strategy: { type: 'Recreate' } } });
    const replace = { spec: { strategy: { $patch: 'replace', type: 'Recreate' } } };
    expect(strategic(doc, replace, DEPLOYMENT)).toEqual({ spec: { strategy: { type: 'Recreate' } } });
  });
  it('takes atomic lists as they come and deletes by null', () => {
    const doc = { spec: { containers: [{ name: 'a', args: ['x'], command: ['y'] }] } };
    const patch = { spec: { containers: [{ name: 'a', args: ['z'], command: null }] } };
    expect(strategic(doc, patch)).toEqual({ spec: { containers: [{ name: 'a', args: ['z'] }] } });
  });
  it.each([
    [
      { spec: { containers: [{ image: 'noname' }] } },
      'map: map[image:noname] does not contain declared merge key: name',
    ],
    [{ spec: { $patch: 'explode' } }, 'unknown patch type: explode in map: map[$patch:explode]'],
  ])('%j is refused with 500, as upstream does', (patch, message) =>
    expect(failure(() => strategic(pod('a'), patch))).toEqual({ code: 500, message }),
  );
});
