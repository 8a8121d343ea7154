import type { CustomResourceDefinition } from '@regatta/api';
import { describe, expect, it } from 'vitest';
import { formatWarnings } from '../../src/apiextensions/definition/format-warnings.ts';
import type { Structural } from '../../src/apiextensions/schema/structural.ts';

function definition(properties: Record<string, Structural>): CustomResourceDefinition {
  const openAPIV3Schema = { type: 'object', properties };
  const versions = [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema } }];
  return {
    metadata: { name: 'd' },
    spec: { group: 'g', scope: 'Cluster', names: { plural: 'd', kind: 'D' }, versions },
  };
}

describe('formats', () => {
  it('CRD-10: warns of formats that nobody checks, once each, and of new ones alone', () => {
    const old = definition({ a: { type: 'string', format: 'own' }, b: { type: 'integer', format: 'int32' } });
    expect(formatWarnings(old, undefined)).toEqual(['unrecognized format "own"']);
    const now = definition({
      a: { type: 'string', format: 'own' },
      b: { type: 'integer', format: 'double' },
      c: { type: 'array', items: { type: 'number', format: 'double' } },
      d: { type: 'object', format: 'date-time', additionalProperties: { type: 'string', format: 'date-time' } },
      e: { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer', format: 'own2' }, { type: 'string' }] },
    });
    expect(formatWarnings(now, old)).toEqual([
      'unrecognized format "double"',
      'unrecognized format "date-time"',
      'unrecognized format "own2"',
    ]);
  });
});
