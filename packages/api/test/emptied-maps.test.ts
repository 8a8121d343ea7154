import { describe, expect, it } from 'vitest';
import { DecodeReport, Schema, wasGivenEmpty } from '../src/mod.ts';

describe('KIND-64: a map without entries', () => {
  it.each([
    [{}, true],
    [null, false],
    [undefined, false],
    [{ a: 'b' }, false],
  ])('given as %j is known to be one: %j, and stored nowhere', (labels, expected) => {
    const decoder = Schema.load().decoder('io.k8s.api.core.v1.Pod');
    const pod = decoder.decode({ metadata: { name: 'p', labels }, spec: { containers: [] } }, new DecodeReport());
    const metadata = Reflect.get(pod, 'metadata') as object;
    expect(wasGivenEmpty(metadata, 'labels')).toBe(expected);
    expect(Object.hasOwn(metadata, 'labels')).toBe(Object.keys(labels ?? {}).length > 0);
  });
});
