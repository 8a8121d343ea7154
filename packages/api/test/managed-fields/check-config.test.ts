import { describe, expect, it } from 'vitest';
import { configProblem } from '../../src/mod.ts';
import { DEPLOYMENT, deployment, podSpec, SERVICE, schema } from './applying.ts';

describe('SSA-3: a configuration must be of its type', () => {
  const containers = '.spec.template.spec.containers';
  it.each([
    ['unknown field', { ...deployment({}), bogus: 1 }, '.bogus: field not declared in schema'],
    ['unknown field below', deployment({ a: 1, b: 2 }), '.spec.a: field not declared in schema'],
    ['text for a number', deployment({ replicas: '1' }), '.spec.replicas: expected numeric (int or float), got string'],
    [
      'list for a number',
      deployment({ replicas: [] }),
      '.spec.replicas: expected numeric (int or float), got []interface {}',
    ],
    [
      'number for text',
      podSpec({ dnsPolicy: 1 }),
      '.spec.template.spec.dnsPolicy: expected string, got &value.valueUnstructured{Value:1}',
    ],
    ['text for a boolean', deployment({ paused: 'yes' }), '.spec.paused: expected boolean, got &{yes}'],
    ['list for a struct', deployment({ template: ['a'] }), '.spec.template: expected map, got &{[a]}'],
    ['struct for a list', podSpec({ containers: { name: 'a' } }), `${containers}: expected list, got &{map[name:a]}`],
    [
      'key twice',
      podSpec({ containers: [{ name: 'a' }, { name: 'a' }] }),
      `${containers}: duplicate entries for key [name="a"]`,
    ],
    [
      'no key',
      podSpec({ containers: [{ image: 'a' }] }),
      `${containers}: element 0: associative list with keys has an element that omits key field "name" (and doesn't have default value)`,
    ],
    [
      'null item',
      podSpec({ containers: [null] }),
      `${containers}: element 0: associative list with keys may not have a null element`,
    ],
    [
      'scalar item',
      podSpec({ containers: ['a'] }),
      `${containers}: element 0: associative list with keys may not have non-map elements`,
    ],
    [
      'several',
      deployment({ replicas: 'a', paused: 'b' }),
      'errors:\n  .spec.replicas: expected numeric (int or float), got string\n  .spec.paused: expected boolean, got &{b}',
    ],
    [
      'quantity as a struct',
      podSpec({ overhead: { cpu: {} } }),
      '.spec.template.spec.overhead.cpu: expected any scalar, got &{map[]}',
    ],
    ['quantity as a number', podSpec({ overhead: { cpu: 1 } }), undefined],
    ['nulls', deployment({ replicas: null, template: null }), undefined],
  ])('%s', (_, config, problem) => {
    expect(configProblem(schema, DEPLOYMENT, config)).toBe(problem);
  });

  it('keys that were left out are the default', () => {
    const ports = [{ port: 80 }, { port: 80, protocol: 'TCP' }];
    expect(configProblem(schema, SERVICE, { spec: { ports } })).toBe(
      '.spec.ports: duplicate entries for key [port=80,protocol="TCP"]',
    );
  });

  it('sets have no item twice', () => {
    expect(configProblem(schema, SERVICE, { metadata: { finalizers: ['a', 'a'] } })).toBe(
      '.metadata.finalizers: duplicate entries for key [="a"]',
    );
  });
});
