#!/usr/bin/env node
// A list of many Pods in each encoding and form: the first answer after a write, and those that follow.
//   node bench/lists.mjs [--pods 10000] [--rounds 5]
// Milliseconds until the last byte is read, medians of the rounds. The very first are of a server that
// has just started with this state; before each other first answer one Pod is changed.
import { figure, median, option, ownCluster } from './support/own-cluster.mjs';

const pods = option('pods', 10_000);
const rounds = option('rounds', 5);
const path = '/api/v1/namespaces/default/pods';
const cluster = await ownCluster({ nodes: 0, clients: 32 });

const pod = (i) => ({
  metadata: { name: `p${i}`, labels: { app: 'load', shard: String(i % 7) } },
  spec: {
    schedulerName: 'nobody',
    containers: [
      {
        name: 'web',
        image: 'nginx:1.27',
        ports: [{ containerPort: 80 }],
        resources: { requests: { cpu: '100m', memory: '64Mi' } },
        env: [{ name: 'A', value: 'b' }],
      },
    ],
  },
});
const PROTOBUF = 'application/vnd.kubernetes.protobuf';
const as = (kind) => `;as=${kind};v=v1;g=meta.k8s.io`;
const forms = {
  JSON: { accept: 'application/json' },
  'JSON, gzip': { accept: 'application/json', 'accept-encoding': 'gzip' },
  protobuf: { accept: PROTOBUF },
  'protobuf, gzip': { accept: PROTOBUF, 'accept-encoding': 'gzip' },
  Table: { accept: `application/json${as('Table')}` },
  'metadata alone, JSON': { accept: `application/json${as('PartialObjectMetadataList')}` },
  'metadata alone, protobuf': { accept: `${PROTOBUF}${as('PartialObjectMetadataList')}` },
};

let touched = 0;
async function touch() {
  const patch = { metadata: { annotations: { touched: String(touched++) } } };
  const { code, body } = await cluster.send('PATCH', `${path}/p0`, patch, {
    'content-type': 'application/merge-patch+json',
  });
  if (code !== 200) throw new Error(`${code}: ${body}`);
}

async function listed(headers, query = '') {
  const { code, body, ms } = await cluster.send('GET', path + query, undefined, headers);
  if (code !== 200) throw new Error(`${code}: ${body}`);
  return { ms, size: body.length };
}

try {
  for (let i = 0; (await cluster.send('GET', '/api/v1/namespaces/default/serviceaccounts/default')).code !== 200; i++)
    if (i > 1000) throw new Error('no service account');
  await cluster.rate(pods, 201, (i) => cluster.send('POST', path, pod(i)));
  // What was made for the answers to the creates is forgotten.
  await cluster.restart();
  for (const [name, headers] of Object.entries(forms)) {
    const cold = await listed(headers);
    const first = [];
    const next = [];
    for (let round = 0; round < rounds; round++) {
      await touch();
      first.push((await listed(headers)).ms);
      next.push((await listed(headers)).ms);
    }
    const size = `${(cold.size / 1e6).toFixed(1)} MB`;
    figure(`${pods} Pods, ${name}, ${size}: the first ever`, Math.round(cold.ms), 'ms');
    figure(`${pods} Pods, ${name}, ${size}: after a write`, Math.round(median(first)), 'ms');
    figure(`${pods} Pods, ${name}, ${size}: again`, Math.round(median(next)), 'ms');
  }
  const selected = [];
  for (let round = 0; round < rounds; round++) selected.push((await listed(forms.JSON, '?labelSelector=shard%3D3')).ms);
  figure(`a seventh of ${pods} Pods, by label`, Math.round(median(selected)), 'ms');
} finally {
  await cluster.stop();
}
