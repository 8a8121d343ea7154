#!/usr/bin/env node
// Creates of custom resources beside creates of ConfigMaps of the same size, in turns, against one cluster.
//   node bench/custom-resources.mjs [--rounds 5] [--count 1000] [--clients 16]
// The resource has a schema with defaults, a pattern, a list of maps, and two rules. Prints creates a second, and the ratio.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { ensureBuilt, ensureInstalled, root } from '../scripts/lib/setup.mjs';

const option = (name, fallback) => {
  const i = process.argv.indexOf(`--${name}`);
  return i < 0 ? fallback : Number(process.argv[i + 1]);
};
const rounds = option('rounds', 5);
const count = option('count', 1000);
const clients = option('clients', 16);
ensureInstalled();
ensureBuilt();

const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'regatta-bench-'));
const port = 20000 + Math.floor(performance.timeOrigin % 20000);
const cluster = spawn(
  process.execPath,
  [path.join(root, 'dist/cli.mjs'), '--data-dir', dataDir, 'up', '--port', String(port), '--nodes', '1'],
  { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] },
);
await new Promise((resolve, reject) => {
  cluster.once('message', resolve);
  cluster.once('exit', (code) => reject(new Error(`ended with ${code}`)));
});

const { default: yaml } = await import('yaml');
const config = yaml.parse(fs.readFileSync(path.join(dataDir, 'kubeconfig'), 'utf8'));
const decode = (text) => Buffer.from(text, 'base64');
const { user } = config.users[0];
const agent = new https.Agent({
  keepAlive: true,
  maxSockets: clients,
  ca: decode(config.clusters[0].cluster['certificate-authority-data']),
  cert: decode(user['client-certificate-data']),
  key: decode(user['client-key-data']),
});

function send(method, where, body) {
  const payload = body && Buffer.from(JSON.stringify(body));
  const headers = payload ? { 'content-type': 'application/json', 'content-length': payload.length } : {};
  return new Promise((resolve, reject) => {
    const request = https.request({ agent, host: '127.0.0.1', port, method, path: where, headers }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode));
    });
    request.on('error', reject);
    request.end(payload);
  });
}

/** Creates a second. */
async function rate(where, make) {
  let next = 0;
  const began = performance.now();
  const work = async () => {
    while (next < count) {
      const code = await send('POST', where, make(next++));
      if (code !== 201) throw new Error(`${where}: ${code}`);
    }
  };
  await Promise.all(Array.from({ length: clients }, work));
  return (count * 1000) / (performance.now() - began);
}

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
for (let i = 0; i < 100 && (await send('GET', widgets)) !== 200; i++)
  await new Promise((resolve) => setTimeout(resolve, 50));

const text = 'x'.repeat(1000);
const parts = ['a', 'b', 'c'].map((id) => ({ id, n: 3 }));
const plain = [];
const custom = [];
try {
  for (let round = 0; round < rounds; round++) {
    const name = (i) => `r${round}-${i}`;
    plain.push(
      await rate('/api/v1/namespaces/default/configmaps', (i) => ({
        metadata: { name: name(i) },
        data: { text, parts: JSON.stringify(parts) },
      })),
    );
    custom.push(
      await rate(widgets, (i) => ({
        apiVersion: `${group}/v1`,
        kind: 'Widget',
        metadata: { name: name(i) },
        spec: { size: 5, name: name(i), text, parts },
      })),
    );
  }
} finally {
  cluster.kill('SIGINT');
  await new Promise((resolve) => cluster.once('exit', resolve));
  fs.rmSync(dataDir, { recursive: true, force: true });
}
const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
const figure = (name, value, unit) => console.log(`${name.padEnd(58)} ${String(value).padStart(10)} ${unit}`);
figure('creates of ConfigMaps', Math.round(median(plain)), '/s');
figure('creates of custom resources', Math.round(median(custom)), '/s');
figure('custom resources, of the rate of ConfigMaps', (median(custom) / median(plain)).toFixed(2), '');
agent.destroy();
