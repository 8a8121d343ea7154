#!/usr/bin/env node
// Writes of several kinds beside plain creates of the same size, in turns, against one cluster.
//   node bench/writes.mjs [--rounds 5] [--count 1000] [--clients 16]
// Custom resources have a schema with defaults, a pattern, a list of maps, and two rules. Prints writes a second, and ratios.
import { figure, median, option, ownCluster } from './support/own-cluster.mjs';

const rounds = option('rounds', 5);
const count = option('count', 1000);
const cluster = await ownCluster({ nodes: 1, clients: option('clients', 16) });
const { send } = cluster;

const group = 'bench.example.com';
const integer = { type: 'integer', minimum: 1, maximum: 100 };
const part = {
  type: 'object',
  required: ['id'],
  properties: { id: { type: 'string', maxLength: 20 }, n: { ...integer, default: 7 } },
};
const spec = {
  type: 'object',
  required: ['size'],
  properties: {
    size: integer,
    replicas: { ...integer, default: 1 },
    name: { type: 'string', pattern: '^[a-z0-9-]+$', maxLength: 63 },
    text: { type: 'string', maxLength: 2000 },
    parts: {
      type: 'array',
      maxItems: 10,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['id'],
      items: part,
    },
  },
  'x-kubernetes-validations': [
    { rule: 'self.size <= self.replicas * 10', message: 'too big' },
    { rule: '!has(self.parts) || self.parts.all(p, p.n > 0)' },
  ],
};
await send('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
  metadata: { name: `widgets.${group}` },
  spec: {
    group,
    scope: 'Namespaced',
    names: { plural: 'widgets', kind: 'Widget' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', properties: { spec } } },
      },
    ],
  },
});
const widgets = `/apis/${group}/v1/namespaces/default/widgets`;
for (let i = 0; i < 100 && (await send('GET', widgets)).code !== 200; i++)
  await new Promise((resolve) => setTimeout(resolve, 50));

const text = 'x'.repeat(1000);
const parts = ['a', 'b', 'c'].map((id) => ({ id, n: 3 }));
const configMaps = '/api/v1/namespaces/default/configmaps';
const configMap = (name, note = '') => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data: { text, parts: JSON.stringify(parts), note },
});
const widget = (name, size = 5) => ({
  apiVersion: `${group}/v1`,
  kind: 'Widget',
  metadata: { name },
  spec: { size, name, text, parts },
});
const pods = '/api/v1/namespaces/default/pods';
const pod = (name, image = 'nginx:1.27') => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { app: 'load' } },
  spec: {
    schedulerName: 'nobody',
    containers: [{ name: 'web', image, ports: [{ containerPort: 80 }], env: [{ name: 'A', value: 'b' }] }],
  },
});
const post = (where, object) => send('POST', where, object);
const apply = (where, object) =>
  send('PATCH', `${where}/${object.metadata.name}?fieldManager=bench`, object, {
    'content-type': 'application/apply-patch+yaml',
  });

/** What is measured: name, expected code, and how one is sent. Each is held against the first of its group. */
const groups = [
  [
    ['ConfigMaps created', 201, (name) => post(configMaps, configMap(name))],
    ['ConfigMaps applied, which creates them', 201, (name) => apply(configMaps, configMap(`a-${name}`))],
    ['ConfigMaps applied, which changes them', 200, (name) => apply(configMaps, configMap(`a-${name}`, 'changed'))],
    ['ConfigMaps applied, which changes nothing', 200, (name) => apply(configMaps, configMap(`a-${name}`, 'changed'))],
    ['custom resources created', 201, (name) => post(widgets, widget(name))],
    ['custom resources applied, which creates them', 201, (name) => apply(widgets, widget(`a-${name}`))],
    ['custom resources applied, which changes them', 200, (name) => apply(widgets, widget(`a-${name}`, 6))],
  ],
  [
    ['Pods created', 201, (name) => post(pods, pod(name))],
    ['Pods applied, which creates them', 201, (name) => apply(pods, pod(`a-${name}`))],
    ['Pods applied, which changes them', 200, (name) => apply(pods, pod(`a-${name}`, 'nginx:1.28'))],
  ],
];

const rates = new Map();
try {
  for (let round = 0; round < rounds; round++) {
    for (const [name, code, ask] of groups.flat()) {
      const measured = await cluster.rate(count, code, (i) => ask(`r${round}-${i}`));
      rates.set(name, [...(rates.get(name) ?? []), measured]);
    }
  }
} finally {
  await cluster.stop();
}
for (const [[plain], ...others] of groups) {
  const base = median(rates.get(plain));
  figure(plain, Math.round(base), '/s');
  for (const [name] of others) {
    const its = median(rates.get(name));
    figure(name, Math.round(its), `/s, ${(its / base).toFixed(2)} of ${plain}`);
  }
}
