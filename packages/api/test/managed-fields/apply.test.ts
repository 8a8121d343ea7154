import { beforeEach, describe, expect, it } from 'vitest';
import { AppliedObject, CONFIG_MAP, configMap, DEPLOYMENT, deployment, podSpec, SERVICE_ACCOUNT } from './applying.ts';

const newConfigMap = () => new AppliedObject(CONFIG_MAP, 'v1');
const newDeployment = () => new AppliedObject(DEPLOYMENT, 'apps/v1');

describe('SSA-10: an applier owns what it mentions', () => {
  const web = (fields: object) => ({ name: 'web', ...fields });
  const inPod = (fields: object) => ({ 'f:spec': { 'f:template': { 'f:spec': fields } } });
  const item = (fields: object) => ({ '.': {}, 'f:name': {}, ...fields });
  it.each([
    ['fields, not what is on the way', deployment({ replicas: 2 }), { 'f:spec': { 'f:replicas': {} } }],
    ['nothing of its identity', deployment({}), { 'f:spec': {} }],
    [
      'atomic maps as a whole',
      deployment({ selector: { matchLabels: { a: 'b' } } }),
      { 'f:spec': { 'f:selector': {} } },
    ],
    ['null', deployment({ replicas: null }), { 'f:spec': { 'f:replicas': {} } }],
    ['no empty list', podSpec({ containers: [] }), undefined],
    ['an empty struct', podSpec({ securityContext: {} }), inPod({ 'f:securityContext': {} })],
    [
      'list items by their keys, with defaults',
      podSpec({ containers: [web({ ports: [{ containerPort: 80 }, { containerPort: 80, protocol: 'UDP' }] })] }),
      inPod({
        'f:containers': {
          'k:{"name":"web"}': item({
            'f:ports': {
              'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} },
              'k:{"containerPort":80,"protocol":"UDP"}': { '.': {}, 'f:containerPort': {}, 'f:protocol': {} },
            },
          }),
        },
      }),
    ],
    [
      'atomic lists as a whole',
      podSpec({ containers: [web({ args: ['a'] })] }),
      inPod({ 'f:containers': { 'k:{"name":"web"}': item({ 'f:args': {} }) } }),
    ],
    [
      'nothing that it cannot set',
      { ...deployment({ replicas: 1 }), status: { replicas: 3 } },
      { 'f:spec': { 'f:replicas': {} } },
    ],
  ])('%s', (_, config, owned) => {
    const object = newDeployment();
    object.apply('m', config);
    expect(object.owners).toEqual(owned === undefined ? {} : { m: owned });
  });

  it('keys of maps, and items of sets', () => {
    const map = newConfigMap();
    map.apply('m', configMap({ b: '1', a: '2' }));
    expect(JSON.stringify(map.owners)).toBe('{"m":{"f:data":{"f:a":{},"f:b":{}}}}');
    const finalizers = new AppliedObject(CONFIG_MAP, 'v1');
    finalizers.apply('m', { metadata: { name: 'x', finalizers: ['a/b'] } });
    expect(finalizers.owners).toEqual({ m: { 'f:metadata': { 'f:finalizers': { 'v:"a/b"': {} } } } });
  });

  it('numbers in keys are sorted as numbers', () => {
    const object = newDeployment();
    object.apply('m', podSpec({ containers: [{ name: 'c', ports: [{ containerPort: 443 }, { containerPort: 80 }] }] }));
    const text = JSON.stringify(object.owners);
    expect(text.indexOf('80')).toBeLessThan(text.indexOf('443'));
  });
});

describe('SSA-11: what is no longer applied', () => {
  it.each([
    ['goes when nobody owns it', ['a'], [{ a: '1', b: '2' }, { a: '1' }], { a: '1' }],
    ['stays when another applier owns it', ['a', 'other'], [{ a: '1', b: '2' }, { a: '1' }], { a: '1', b: '2' }],
    ['goes with its map', ['a'], [{ a: '1' }, undefined], undefined],
  ] as const)('%s', (_, managers, steps, left) => {
    const object = newConfigMap();
    const [first, second] = steps;
    for (const manager of managers) object.apply(manager, configMap(first));
    object.apply('a', configMap(second));
    expect(object.at('data')).toEqual(left);
  });

  it('goes with a default inside it that nobody owns, but leaves what stands beside it', () => {
    const object = new AppliedObject(DEPLOYMENT, 'apps/v1', deployment({ strategy: { type: 'RollingUpdate' } }));
    object.apply('m', deployment({ strategy: { rollingUpdate: { maxSurge: 1 } }, paused: true }));
    object.live['spec'] = {
      ...(object.live['spec'] as object),
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: '25%' } },
    };
    object.apply('m', deployment({ strategy: { type: 'RollingUpdate' }, paused: true }));
    expect(object.at('spec', 'strategy')).toEqual({ type: 'RollingUpdate' });
    expect(object.at('spec', 'paused')).toBe(true);
  });

  it('stays when an updater owns it', () => {
    const object = newConfigMap();
    object.apply('a', configMap({ a: '1' }));
    object.update('u', configMap({ a: '2' }));
    object.apply('a', configMap({}));
    expect(object.at('data')).toEqual({ a: '2' });
  });

  it('takes list items and set items with it', () => {
    const object = newDeployment();
    object.apply(
      'm',
      podSpec({
        containers: [
          { name: 'a', image: 'i' },
          { name: 'b', image: 'i' },
        ],
      }),
    );
    object.apply('other', podSpec({ containers: [{ name: 'c', image: 'i' }] }));
    object.apply('m', podSpec({ containers: [{ name: 'b', image: 'i' }] }));
    expect(object.at('spec', 'template', 'spec', 'containers')).toMatchObject([{ name: 'b' }, { name: 'c' }]);
  });

  it('leaves the name and the rest of the metadata when all labels go', () => {
    const object = new AppliedObject(CONFIG_MAP, 'v1', { metadata: { name: 'x', uid: 'u' } });
    object.apply('m', { ...configMap({ a: '1' }), metadata: { name: 'x', labels: { a: 'b' } } });
    object.apply('m', configMap({ a: '1' }));
    expect(object.at('metadata')).toEqual({ name: 'x', uid: 'u' });
  });
});

describe('SSA-12: conflicts', () => {
  it('are told with who owns the field', () => {
    const object = newDeployment();
    object.apply('one', deployment({ replicas: 1 }));
    expect(object.apply('two', deployment({ replicas: 2 }))).toBe(
      'Apply failed with 1 conflict: conflict with "one": .spec.replicas',
    );
    expect(object.at('spec', 'replicas')).toBe(1);
  });

  it('name the version of updates and the subresource', () => {
    const object = new AppliedObject(DEPLOYMENT, 'apps/v1');
    object.update('edit', deployment({ replicas: 1 }));
    expect(object.apply('m', deployment({ replicas: 2 }))).toBe(
      'Apply failed with 1 conflict: conflict with "edit" using apps/v1: .spec.replicas',
    );
    object.entries = object.entries.map((entry) => ({ ...entry, subresource: 'scale' }));
    expect(object.apply('m', deployment({ replicas: 2 }))).toBe(
      'Apply failed with 1 conflict: conflict with "edit" with subresource "scale" using apps/v1: .spec.replicas',
    );
  });

  it('are grouped by manager, sorted', () => {
    const object = newDeployment();
    const web = (image: string) => ({ containers: [{ name: 'web', image }] });
    object.apply('one', podSpec({ ...web('a'), dnsPolicy: 'Default' }));
    object.apply('another', deployment({ replicas: 1, template: { spec: web('a') } }));
    const wanted = deployment({ replicas: 2, template: { spec: { ...web('b'), dnsPolicy: 'None' } } });
    expect(object.apply('m', wanted)).toBe(
      [
        'Apply failed with 4 conflicts: conflicts with "another":',
        '- .spec.replicas',
        '- .spec.template.spec.containers[name="web"].image',
        'conflicts with "one":',
        '- .spec.template.spec.dnsPolicy',
        '- .spec.template.spec.containers[name="web"].image',
      ].join('\n'),
    );
  });

  it('do not arise from the same value: it is shared', () => {
    const object = newConfigMap();
    object.apply('one', configMap({ a: '1' }));
    expect(object.apply('two', configMap({ a: '1' }))).toBeUndefined();
    expect(object.owners).toEqual({ one: { 'f:data': { 'f:a': {} } }, two: { 'f:data': { 'f:a': {} } } });
  });

  it('are settled by force: others lose the field', () => {
    const object = newConfigMap();
    object.apply('one', configMap({ a: '1', b: '1' }));
    expect(object.apply('two', configMap({ a: '2' }), { force: true })).toBeUndefined();
    expect(object.at('data')).toEqual({ a: '2', b: '1' });
    expect(object.owners).toEqual({ one: { 'f:data': { 'f:b': {} } }, two: { 'f:data': { 'f:a': {} } } });
  });

  it('concern atomic lists as a whole', () => {
    const object = new AppliedObject(DEPLOYMENT, 'apps/v1');
    const args = (...list: string[]) => podSpec({ containers: [{ name: 'c', args: list }] });
    object.apply('one', args('a'));
    expect(object.apply('two', args('a', 'b'))).toContain('.spec.template.spec.containers[name="c"].args');
  });
});

describe('SSA-13: an apply that changes nothing', () => {
  it('keeps the time of its entry', () => {
    const object = newConfigMap();
    object.apply('m', configMap({ a: '1' }));
    const before = object.entries;
    object.apply('m', configMap({ a: '1' }));
    expect(object.entries).toEqual(before);
  });

  it('brings an entry without a time when only ownership is new', () => {
    const object = newConfigMap();
    object.apply('one', configMap({ a: '1' }));
    object.apply('two', configMap({ a: '1' }));
    expect(object.entries.map(({ manager, time }) => [manager, time])).toEqual([
      ['two', undefined],
      ['one', '2026-01-01T00:00:00Z'],
    ]);
  });
});

describe('SSA-14: entries', () => {
  it('are one per applier and subresource', () => {
    const object = newDeployment();
    object.apply('m', deployment({ replicas: 1 }));
    object.apply('m', { status: { replicas: 1 } }, { subresource: 'status', resetFields: [['spec']] });
    expect(object.entries.map(({ subresource, fieldsV1 }) => [subresource, fieldsV1])).toEqual([
      [undefined, { 'f:spec': { 'f:replicas': {} } }],
      ['status', { 'f:status': { 'f:replicas': {} } }],
    ]);
  });

  it('of versions that are no longer served go', () => {
    const object = newConfigMap();
    object.entries = [{ manager: 'old', operation: 'Update', apiVersion: 'v0', fieldsV1: { 'f:data': { 'f:a': {} } } }];
    object.apply('m', configMap({ b: '1' }));
    expect(Object.keys(object.owners)).toEqual(['m']);
  });

  it('that reach below what is owned as a whole are read as owning the whole', () => {
    const object = newDeployment();
    object.apply('m', deployment({ selector: { matchLabels: { a: 'b' } } }));
    object.entries = [
      {
        manager: 'old',
        operation: 'Apply',
        apiVersion: 'apps/v1',
        fieldsV1: { 'f:spec': { 'f:selector': { 'f:matchLabels': {} } } },
      },
    ];
    expect(object.apply('m', deployment({ selector: { matchLabels: { a: 'c' } } }))).toContain('.spec.selector');
  });

  it('vanish when nothing is left in them', () => {
    const object = newConfigMap();
    object.apply('one', configMap({ a: '1' }));
    object.apply('two', configMap({ a: '2' }), { force: true });
    expect(Object.keys(object.owners)).toEqual(['two']);
    object.apply('two', configMap(undefined));
    expect(object.entries).toEqual([]);
  });
});

describe('SSA-15: lists are merged by their items', () => {
  const names = (object: AppliedObject) =>
    (object.at('secrets') as { name: string }[]).map((secret) => secret.name).join('');
  const secrets = (text: string) => ({ metadata: { name: 'x' }, secrets: [...text].map((name) => ({ name })) });
  it.each([
    ['abc', 'd', 'abcd'],
    ['abc', 'b', 'abc'],
    ['abc', 'xb', 'axbc'],
    ['abc', 'ba', 'bca'],
    ['abx', 'bay', 'bxay'],
    ['abcx', 'ba', 'bcxa'],
    ['acb', 'bxa', 'cbxa'],
    ['', 'ba', 'ba'],
    ['ab', '', 'ab'],
  ])('%s with %s applied is %s', (live, config, merged) => {
    const object = new AppliedObject(SERVICE_ACCOUNT, 'v1', secrets(live));
    object.apply('m', secrets(config), { force: true });
    expect(names(object)).toBe(merged);
  });

  it('items that are there twice are replaced by the applied one', () => {
    const object = new AppliedObject(DEPLOYMENT, 'apps/v1');
    const env = (...list: object[]) => podSpec({ containers: [{ name: 'c', env: list }] });
    object.live = env({ name: 'A', value: '1' }, { name: 'A', value: '2' }, { name: 'B', value: '3' });
    object.apply('m', env({ name: 'A', value: '4' }), { force: true });
    expect(object.at('spec', 'template', 'spec', 'containers', 0, 'env')).toEqual([
      { name: 'A', value: '4' },
      { name: 'B', value: '3' },
    ]);
  });
});

describe('SSA-20: the annotation of client-side apply', () => {
  const annotated = (replicas: number, lastApplied: number) => ({
    ...deployment({ replicas }),
    metadata: {
      name: 'x',
      annotations: {
        'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(deployment({ replicas: lastApplied })),
      },
    },
  });
  it.each([
    ['counts as ownership for kubectl', 'kubectl', 1, undefined],
    ['counts for nobody else', 'helm', 1, 'conflict with "old" using apps/v1: .spec.replicas'],
    [
      'counts only while the value is the one applied',
      'kubectl',
      5,
      'conflict with "old" using apps/v1: .spec.replicas',
    ],
  ])('%s', (_, manager, lastApplied, conflict) => {
    const object = newDeployment();
    object.update('old', annotated(1, lastApplied));
    expect(object.apply(manager, deployment({ replicas: 2 }))).toBe(
      conflict && `Apply failed with 1 conflict: ${conflict}`,
    );
  });
});

describe('SSA-19: items that are there more than once', () => {
  const env = (...list: object[]) => podSpec({ containers: [{ name: 'c', env: list }] });
  const A1 = { name: 'A', value: '1' };
  const A2 = { name: 'A', value: '2' };
  const ownEnv = (object: AppliedObject): unknown => object.at('spec', 'template', 'spec', 'containers', 0, 'env');
  const PATH = '.spec.template.spec.containers[name="c"].env[name="A"]';
  let object: AppliedObject;

  beforeEach(() => {
    object = newDeployment();
    object.update('old', env(A1, A2));
  });

  it('are owned as one, whatever they hold', () => {
    expect(JSON.stringify(object.owners['old'])).toContain(String.raw`"f:env":{".":{},"k:{\"name\":\"A\"}":{}}`);
  });

  it('stay when others are applied beside them', () => {
    expect(object.apply('m', env({ name: 'B', value: '3' }))).toBeUndefined();
    expect(ownEnv(object)).toEqual([A1, A2, { name: 'B', value: '3' }]);
  });

  it('are a conflict of the items as a whole, and one item with force', () => {
    expect(object.apply('m', env({ name: 'A', value: '3' }))).toBe(
      `Apply failed with 1 conflict: conflict with "old" using apps/v1: ${PATH}`,
    );
    object.apply('m', env({ name: 'A', value: '3' }), { force: true });
    expect(ownEnv(object)).toEqual([{ name: 'A', value: '3' }]);
    expect(JSON.stringify(object.owners['old'])).not.toContain('"A');
  });

  it('change hands when one of them changes, or when one goes', () => {
    object.update('new', env(A2, A1));
    expect(JSON.stringify(object.owners['old'])).not.toContain('"A');
    expect(JSON.stringify(object.owners['new'])).toContain(String.raw`{"k:{\"name\":\"A\"}":{}}`);
    object.update('newest', env(A2));
    expect(JSON.stringify(object.owners['newest'])).toContain('"f:value":{}');
    expect(object.owners['new']).toBeUndefined();
  });
});
