import { describe, expect, it } from 'vitest';
import { mergeSwagger, swaggerOf } from '../../src/openapi/merge-swagger.ts';

const ref = (name: string): object => ({ schema: { $ref: `#/definitions/${name}` } });

describe('OpenAPI v2 of extension servers', () => {
  const document = {
    paths: { '/apis/a.example/v1/things': ref('Thing'), '/apis/a.example/v10/things': ref('Other'), '/version': {} },
    definitions: { Thing: { properties: { meta: ref('Meta') } }, Meta: { type: 'object' }, Other: {}, Unused: {} },
  };

  it('AGG-11: of a server the paths of one version count, and the definitions that they lead to', () => {
    const own = swaggerOf(document, '/apis/a.example/v1');
    expect(Object.keys(own?.paths ?? {})).toEqual(['/apis/a.example/v1/things']);
    expect(Object.keys(own?.definitions ?? {}).sort()).toEqual(['Meta', 'Thing']);
    expect(swaggerOf(document, '/apis/b.example/v1')).toBeUndefined();
    expect(swaggerOf({ paths: 'none' }, '/apis/a.example/v1')).toBeUndefined();
  });

  it('AGG-11: a definition whose name is taken gets another, and what refers to it follows', () => {
    const own = swaggerOf(document, '/apis/a.example/v1') ?? { paths: {}, definitions: {} };
    const first = { paths: { '/apis/a.example/v1/things': { mine: true } }, definitions: { Meta: { type: 'string' } } };
    const other = { paths: { '/x': ref('Meta') }, definitions: { Meta: { type: 'number' } } };
    const merged = mergeSwagger(first, [own, other]);
    expect(merged.paths).toEqual({ '/apis/a.example/v1/things': { mine: true }, '/x': ref('Meta_v3') });
    expect(merged.definitions).toEqual({
      Meta: { type: 'string' },
      Meta_v2: { type: 'object' },
      Meta_v3: { type: 'number' },
      Thing: { properties: { meta: ref('Meta_v2') } },
    });
    const same = { paths: {}, definitions: { Meta: { type: 'string' } } };
    expect(mergeSwagger(first, [same]).definitions).toEqual(first.definitions);
  });
});
