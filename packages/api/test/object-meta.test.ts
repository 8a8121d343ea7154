import { describe, expect, it } from 'vitest';
import {
  type FieldError,
  FieldPath,
  formatFieldError,
  type ObjectMeta,
  validateLabelSelector,
  validateObjectMeta,
  validateObjectMetaUpdate,
} from '../src/mod.ts';

const texts = (errors: FieldError[]) => errors.map(formatFieldError);
const check = (meta: Partial<ObjectMeta>, nameRule?: 'path-segment') =>
  texts(validateObjectMeta({ name: 'a', ...meta }, { namespaced: false, ...(nameRule ? { nameRule } : {}) }));

describe('API-20: metadata is validated with the messages of upstream', () => {
  it('accepts what is right', () => {
    expect(
      check({ labels: { 'a.b/c': 'd', e: '' }, annotations: { 'X.y/Z': 'anything at all' }, finalizers: ['x/y'] }),
    ).toEqual([]);
  });
  it('wants a name', () => {
    expect(check({ name: '' })).toEqual(['metadata.name: Required value: name or generateName is required']);
  });
  it('lets a generateName end in a dash', () => expect(check({ generateName: 'web-' })).toEqual([]));
  it('knows names that are path segments', () => {
    expect(check({ name: 'system:a/b%' }, 'path-segment')).toEqual([
      'metadata.name: Invalid value: "system:a/b%": may not contain \'/\'',
      'metadata.name: Invalid value: "system:a/b%": may not contain \'%\'',
    ]);
  });
  it('wants or forbids a namespace', () => {
    expect(check({ namespace: 'x' })).toEqual(['metadata.namespace: Forbidden: not allowed on this type']);
    expect(texts(validateObjectMeta({ name: 'a' }, { namespaced: true }))).toEqual([
      'metadata.namespace: Required value',
    ]);
  });
  it('allows one controller among the owners', () => {
    const owner = (name: string) => ({ apiVersion: 'v1', kind: 'Pod', name, uid: 'u', controller: true });
    expect(check({ ownerReferences: [owner('x'), owner('y')] })[0]).toContain(
      'Only one reference can have Controller set to true. Found "true" in references for Pod/x and Pod/y',
    );
  });
  it('bounds annotations', () => {
    expect(check({ annotations: { a: 'x'.repeat(262_144) } })).toEqual([
      'metadata.annotations: Too long: may not be more than 262144 bytes',
    ]);
  });
});

describe('API-21: updates of metadata', () => {
  const old: ObjectMeta = { name: 'a', uid: 'u', resourceVersion: '1', generation: 2 };
  it('keeps identity and generation', () => {
    expect(texts(validateObjectMetaUpdate({ ...old, uid: 'v', generation: 1 }, old))).toEqual([
      'metadata.generation: Invalid value: 1: must not be decremented',
      'metadata.uid: Invalid value: "v": field is immutable',
    ]);
  });
  it('takes no new finalizers when the object is being deleted', () => {
    const deleted = { ...old, deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['x/a'] };
    expect(texts(validateObjectMetaUpdate({ ...deleted, finalizers: ['x/a', 'x/b'] }, deleted))).toEqual([
      'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"x/b"}',
    ]);
  });
});

describe('API-22: label selectors of objects', () => {
  it('checks operators and values', () => {
    const selector = {
      matchExpressions: [
        { key: 'a', operator: 'In' },
        { key: 'b', operator: 'Exists', values: ['x'] },
        { key: 'c', operator: 'Near' },
      ],
    };
    expect(texts(validateLabelSelector(selector, FieldPath.root('s')))).toEqual([
      "s.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
      "s.matchExpressions[1].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
      's.matchExpressions[2].operator: Invalid value: "Near": not a valid selector operator',
    ]);
  });
});
