/**
 * Requests that nobody would send on purpose: recorded ones with parts exchanged, dropped and bent. The server may refuse
 * them in whatever words, some with upstream's 500; it must not fail, which it would tell in its log.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { type Logger, type Random, seededRandom, silentLogger } from '@regatta/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareNamespace, type RunningServer, runServer } from '../running-server.ts';

const SEED = Number(process.env['REGATTA_FUZZ_SEED'] ?? 20_260);
const REQUESTS = Number(process.env['REGATTA_FUZZ_REQUESTS'] ?? 2000);
const AT_ONCE = 16;

interface Step {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly type?: string;
  readonly accept?: string;
}

const steps: readonly Step[] = gunzipSync(readFileSync(new URL('../fixtures/transcripts.jsonl.gz', import.meta.url)))
  .toString()
  .split('\n')
  .filter(Boolean)
  .map((line) => (JSON.parse(line) as { step: Step }).step)
  .filter((step) => step.path !== undefined && step.method !== undefined);

const CONTAINER = {
  name: 'c',
  image: 'nginx:1.27',
  ports: [{ containerPort: 80, protocol: 'TCP' }],
  env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }],
  resources: { requests: { cpu: '100m' }, limits: { memory: '1Gi' } },
  volumeMounts: [{ name: 'v', mountPath: '/v' }],
  livenessProbe: { httpGet: { path: '/', port: 80 } },
};
const POD_SPEC = {
  containers: [CONTAINER],
  initContainers: [{ ...CONTAINER, name: 'i', livenessProbe: undefined }],
  volumes: [{ name: 'v', configMap: { name: 'm', items: [{ key: 'a', path: 'b' }] } }],
  tolerations: [{ key: 'k', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 5 }],
  affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'a' }] } },
};
const LABELS = { app: 'x' };
const WORKLOAD_SPEC = {
  replicas: 1,
  selector: { matchLabels: LABELS },
  template: { metadata: { labels: LABELS }, spec: POD_SPEC },
};
const METADATA = { generateName: 'f-', labels: LABELS, annotations: { a: 'b' }, finalizers: ['a.b/c'] };

/** Kinds with rules of their own, which the recording has few of. */
const CREATES: readonly Step[] = [
  ['/api/v1/namespaces/{{ns}}/pods', { spec: POD_SPEC }],
  [
    '/api/v1/namespaces/{{ns}}/services',
    { spec: { ports: [{ port: 80, targetPort: 'http' }], selector: LABELS, type: 'NodePort' } },
  ],
  [
    '/apis/apps/v1/namespaces/{{ns}}/deployments',
    { spec: { ...WORKLOAD_SPEC, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%' } } } },
  ],
  [
    '/apis/apps/v1/namespaces/{{ns}}/statefulsets',
    {
      spec: {
        ...WORKLOAD_SPEC,
        serviceName: 's',
        volumeClaimTemplates: [
          {
            metadata: { name: 'v' },
            spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
          },
        ],
      },
    },
  ],
  ['/apis/batch/v1/namespaces/{{ns}}/jobs', { spec: { template: { spec: { ...POD_SPEC, restartPolicy: 'Never' } } } }],
  [
    '/apis/autoscaling/v1/namespaces/{{ns}}/horizontalpodautoscalers',
    { spec: { maxReplicas: 3, scaleTargetRef: { kind: 'Deployment', name: 'd' }, targetCPUUtilizationPercentage: 50 } },
  ],
  [
    '/apis/events.k8s.io/v1/namespaces/{{ns}}/events',
    {
      eventTime: '2026-01-01T00:00:00.000000Z',
      regarding: { kind: 'Pod' },
      reason: 'R',
      type: 'Normal',
      series: { count: 2 },
    },
  ],
  [
    '/apis/rbac.authorization.k8s.io/v1/clusterroles',
    {
      rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }],
      aggregationRule: { clusterRoleSelectors: [{ matchLabels: LABELS }] },
    },
  ],
  [
    '/apis/rbac.authorization.k8s.io/v1/namespaces/{{ns}}/rolebindings',
    {
      subjects: [{ kind: 'User', name: 'u' }],
      roleRef: { kind: 'ClusterRole', name: 'view', apiGroup: 'rbac.authorization.k8s.io' },
    },
  ],
  [
    '/apis/policy/v1/namespaces/{{ns}}/poddisruptionbudgets',
    { spec: { minAvailable: 1, selector: { matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }] } } },
  ],
  [
    '/api/v1/nodes',
    {
      spec: { podCIDR: '10.0.0.0/24', taints: [{ key: 'a', effect: 'NoSchedule' }] },
      status: { capacity: { cpu: '1' } },
    },
  ],
  ['/api/v1/namespaces/{{ns}}/bindings', { target: { kind: 'Node', name: 'n' } }],
  [
    '/apis/authorization.k8s.io/v1/subjectaccessreviews',
    {
      spec: {
        user: 'u',
        groups: ['g'],
        resourceAttributes: {
          verb: 'get',
          resource: 'pods',
          fieldSelector: { requirements: [{ key: 'a', operator: 'In', values: ['b'] }] },
        },
      },
    },
  ],
].map(([path, parts]) => ({ method: 'POST', path: String(path), body: { metadata: METADATA, ...(parts as object) } }));

const ODD_VALUES: readonly unknown[] = [
  ...[null, true, -1, 0, 1.5, 1e21, '', ' ', 'a'.repeat(300), '\u0000', '\ud800', '-5', '10Gi', '2026-01-01T00:00:00Z'],
  ...[[], {}, [null], [[]], [{}], { a: null }, { '': '' }, { $patch: 'delete' }, { __proto__: null, constructor: 1 }],
];
const ODD_TEXT = [
  '',
  '%',
  '%2F',
  '..',
  '=',
  '!',
  'a in (',
  ',',
  'metadata.name=',
  '*',
  '\u00e9',
  '0',
  '-1',
  '99999999999999999999',
];
const TYPES = [
  ...['application/json', 'application/yaml', 'application/merge-patch+json', 'application/json-patch+json'],
  ...[
    'application/strategic-merge-patch+json',
    'application/vnd.kubernetes.protobuf',
    'text/plain',
    'application/apply-patch+yaml',
  ],
];
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'];
const PARAMETERS = [
  ...['labelSelector', 'fieldSelector', 'limit', 'continue', 'resourceVersion', 'resourceVersionMatch', 'dryRun'],
  ...['fieldManager', 'fieldValidation', 'pretty', 'includeObject', 'gracePeriodSeconds', 'propagationPolicy', 'force'],
];

function pick<T>(random: Random, items: readonly T[]): T {
  return items[Math.floor(random.next() * items.length)] as T;
}

/** The value with one of its parts, however deep, replaced, dropped or doubled. */
function bent(random: Random, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || random.next() < 0.12) return pick(random, ODD_VALUES);
  if (Array.isArray(value)) {
    if (value.length === 0 || random.next() < 0.1) return [...(value as unknown[]), pick(random, ODD_VALUES)];
    const at = Math.floor(random.next() * value.length);
    return value.map((item: unknown, i) => (i === at ? bent(random, item) : item));
  }
  const keys = Object.keys(value);
  const key =
    keys.length === 0 || random.next() < 0.08 ? pick(random, ['spec', 'metadata', 'x', 'kind']) : pick(random, keys);
  const { [key]: old, ...rest } = value as Record<string, unknown>;
  return random.next() < 0.1 ? rest : { ...rest, [key]: bent(random, old) };
}

function bentPath(random: Random, path: string): string {
  const [place = '', query] = path.split('?');
  const parts = place.split('/');
  if (random.next() < 0.3) parts[1 + Math.floor(random.next() * (parts.length - 1))] = pick(random, ODD_TEXT);
  if (random.next() < 0.1) parts.push(pick(random, ['status', 'scale', 'binding', 'eviction', 'log', 'x']));
  const parameter = `${pick(random, PARAMETERS)}=${encodeURIComponent(pick(random, ODD_TEXT))}`;
  return `${parts.join('/')}?${[query, random.next() < 0.4 ? parameter : undefined].filter(Boolean).join('&')}`;
}

function request(random: Random): Step {
  const { method, path, body, type = 'application/json' } = pick(random, random.next() < 0.3 ? CREATES : steps);
  const text = path.replaceAll('{{ns}}', 'fuzz').replace(/\{\{\w+\}\}/g, '1');
  const bentBody = random.next() < 0.7 ? bent(random, body) : body;
  return {
    method: random.next() < 0.15 ? pick(random, METHODS) : method,
    // Streams would never end by themselves.
    path: bentPath(random, text)
      .replace(/\/watch(?=\/)/g, '')
      .replace(/(watch|follow)=[^&]*/g, 'pretty=1'),
    ...(body === undefined ? {} : { body: cut(random, JSON.stringify(bentBody) ?? '').replaceAll('{{ns}}', 'fuzz') }),
    type: random.next() < 0.1 ? pick(random, TYPES) : type,
  };
}

/** Now and then a body is broken off. */
function cut(random: Random, text: string): string {
  return random.next() < 0.03 ? text.slice(0, Math.floor(random.next() * text.length)) : text;
}

describe(`SRV-43: no request makes the server fail (seed ${SEED})`, () => {
  let running: RunningServer;
  const failures: string[] = [];
  const logger: Logger = {
    ...silentLogger,
    error: (message, fields) =>
      failures.push(
        `${message}: ${fields?.['method']} ${fields?.['path']} ${String((fields?.['error'] as Error | undefined)?.stack)}`,
      ),
    with: () => logger,
  };
  beforeAll(async () => {
    running = await runServer(logger);
    await prepareNamespace(running, 'fuzz');
  });
  afterAll(() => running.stop());

  it(`${REQUESTS} bent requests`, async () => {
    const random = seededRandom(SEED);
    let left = REQUESTS;
    const work = async (): Promise<void> => {
      while (left-- > 0) {
        const step = request(random);
        const path = step.path.replace(/[^!-~]/gu, encodeURIComponent);
        const before = failures.length;
        await running.request(step.method, path, step);
        if (failures.length > before) failures.push(`sent at the time: ${JSON.stringify(step).slice(0, 1500)}`);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    expect(failures.slice(0, 10)).toEqual([]);
    expect((await running.request('GET', '/readyz')).code).toBe(200);
  });
});
