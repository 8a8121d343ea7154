/** What is written down of policies and webhooks, and in which version they see objects. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { silentLogger } from '@regatta/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAuditPolicy } from '../../src/audit/policy-file.ts';
import { type Answer, prepareNamespace, type RunningServer, runServer } from '../running-server.ts';
import { type Review, type WebhookServer, webhookServer } from './webhook-server.ts';

const AUDIT = `
apiVersion: audit.k8s.io/v1
kind: Policy
rules:
- level: Request
  resources: [{group: "", resources: ["configmaps"]}]
- level: Metadata
`;
const GROUP = '/apis/admissionregistration.k8s.io/v1';
const MAPS = '/api/v1/namespaces/told/configmaps';

let running: RunningServer;
let webhook: WebhookServer;
let file: string;
/** What the webhook was last asked. */
let asked: Review | undefined;

function answer(path: string, request: Review): object | undefined {
  asked = request;
  const patchOf = (operations: readonly object[]): object => ({
    allowed: true,
    patchType: 'JSONPatch',
    patch: Buffer.from(JSON.stringify(operations)).toString('base64'),
  });
  switch (path) {
    case '/add':
      return {
        ...patchOf([{ op: 'add', path: '/data/added', value: 'yes' }]),
        auditAnnotations: { seen: 'here', 'not a key': 'x' },
      };
    case '/scale':
      return patchOf([{ op: 'replace', path: '/spec/targetCPUUtilizationPercentage', value: 33 }]);
    case '/deny':
      return { allowed: false };
    default:
      return undefined;
  }
}

beforeAll(async () => {
  running = await runServer(silentLogger, async (dataDir) => {
    file = join(dataDir, 'audit', 'audit.log');
    return { audit: { file, policy: parseAuditPolicy(AUDIT, 'test'), maxSize: 1 << 30, maxBackups: 1, maxAge: 0 } };
  });
  webhook = await webhookServer(running, answer);
  await prepareNamespace(running, 'told');
});
afterAll(async () => {
  await webhook.stop();
  await running.stop();
});

const SELECTOR = { matchLabels: { 'kubernetes.io/metadata.name': 'told' } };

interface Hook {
  readonly kind: 'Validating' | 'Mutating';
  readonly path: string;
  readonly rule?: object;
  readonly more?: object;
}

async function registered({ kind, path, rule, more }: Hook, work: () => Promise<void>): Promise<void> {
  const collection = `${GROUP}/${kind.toLowerCase()}webhookconfigurations`;
  const one = {
    name: 'hook.example.com',
    clientConfig: webhook.config(path),
    rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'], ...rule }],
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    namespaceSelector: SELECTOR,
    ...more,
  };
  const made = await running.request('POST', collection, { body: { metadata: { name: 'hooks' }, webhooks: [one] } });
  expect([made.code, made.text]).toEqual([201, expect.anything()]);
  try {
    await work();
  } finally {
    await running.request('DELETE', `${collection}/hooks`);
  }
}

let count = 0;

function makeMap(): Promise<Answer> {
  return running.request('POST', MAPS, { body: { metadata: { name: `map-${count++}` }, data: { a: 'b' } } });
}

/** Annotations of the request's record. */
async function annotationsOf({ headers }: Answer): Promise<Record<string, string>> {
  const id = headers['audit-id'];
  let found: { annotations?: Record<string, string> } | undefined;
  await expect
    .poll(async () => {
      const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line.includes('"ResponseComplete"'));
      found = lines.map((line) => JSON.parse(line)).find(({ auditID }) => auditID === id);
      return found !== undefined;
    })
    .toBe(true);
  return found?.annotations ?? {};
}

describe('ADM-44: webhooks see objects in the version of their rules', () => {
  const rule = { apiGroups: ['autoscaling'], apiVersions: ['v1'], resources: ['horizontalpodautoscalers'] };
  const resource = {
    type: 'Resource',
    resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } },
  };
  const scaled = (name: string): Promise<Answer> =>
    running.request('POST', '/apis/autoscaling/v2/namespaces/told/horizontalpodautoscalers', {
      body: {
        metadata: { name },
        spec: {
          maxReplicas: 3,
          scaleTargetRef: { kind: 'Deployment', name: 'web', apiVersion: 'apps/v1' },
          metrics: [resource],
        },
      },
    });

  it('converted, and what they change is converted back', async () => {
    await registered({ kind: 'Mutating', path: '/scale', rule }, async () => {
      const made = await scaled('converted');
      expect(JSON.parse(made.text)).toMatchObject({
        apiVersion: 'autoscaling/v2',
        spec: { metrics: [{ resource: { target: { averageUtilization: 33 } } }] },
      });
      expect(asked).toMatchObject({
        kind: { group: 'autoscaling', version: 'v1', kind: 'HorizontalPodAutoscaler' },
        resource: { version: 'v1' },
        requestKind: { version: 'v2' },
        requestResource: { version: 'v2' },
        object: { apiVersion: 'autoscaling/v1', spec: { targetCPUUtilizationPercentage: 80 } },
      });
    });
  });

  it('and are not asked in another one when theirs is the only one', async () => {
    await registered({ kind: 'Validating', path: '/deny', rule, more: { matchPolicy: 'Exact' } }, async () => {
      expect((await scaled('exact')).code).toBe(201);
    });
  });
});

describe('ADM-45: what policies and webhooks did is written down', () => {
  it('of webhooks that change objects', async () => {
    await registered({ kind: 'Mutating', path: '/add' }, async () => {
      const annotations = await annotationsOf(await makeMap());
      const told = { configuration: 'hooks', webhook: 'hook.example.com' };
      expect(annotations).toMatchObject({
        'hook.example.com/seen': 'here',
        'mutation.webhook.admission.k8s.io/round_0_index_0': JSON.stringify({ ...told, mutated: true }),
        'patch.webhook.admission.k8s.io/round_0_index_0': JSON.stringify({
          ...told,
          patch: [{ op: 'add', path: '/data/added', value: 'yes' }],
          patchType: 'JSONPatch',
        }),
      });
      expect(Object.keys(annotations)).not.toContain('hook.example.com/not a key');
    });
  });

  it('of failures that are ignored', async () => {
    const more = { failurePolicy: 'Ignore', timeoutSeconds: 1 };
    await registered({ kind: 'Validating', path: '/never', more }, async () => {
      const annotations = await annotationsOf(await makeMap());
      expect(annotations['failed-open.validating.webhook.admission.k8s.io/round_0_index_0']).toBe('hook.example.com');
    });
  });

  it('of policies: violations where the binding says Audit, and what they want to be told', async () => {
    const resourceRules = [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }];
    const spec = {
      matchConstraints: { resourceRules },
      validations: [{ expression: 'true' }, { expression: "object.data.a != 'b'", message: 'never b' }],
      auditAnnotations: [
        { key: 'name', valueExpression: "'made ' + object.metadata.name" },
        { key: 'nothing', valueExpression: 'null' },
      ],
    };
    const binding = {
      policyName: 'audited',
      validationActions: ['Audit'],
      matchResources: { namespaceSelector: SELECTOR },
    };
    for (const [kind, body] of [
      ['validatingadmissionpolicies', { metadata: { name: 'audited' }, spec }],
      ['validatingadmissionpolicybindings', { metadata: { name: 'audits' }, spec: binding }],
    ] as const) {
      expect((await running.request('POST', `${GROUP}/${kind}`, { body })).code).toBe(201);
    }
    const made = await makeMap();
    expect(made.code).toBe(201);
    const annotations = await annotationsOf(made);
    const { name } = (JSON.parse(made.text) as { metadata: { name: string } }).metadata;
    expect(annotations['audited/name']).toBe(`made ${name}`);
    expect(Object.keys(annotations)).not.toContain('audited/nothing');
    expect(JSON.parse(annotations['validation.policy.admission.k8s.io/validation_failure'] ?? '')).toEqual([
      { message: 'never b', policy: 'audited', binding: 'audits', expressionIndex: 1, validationActions: ['Audit'] },
    ]);
    await running.request('DELETE', `${GROUP}/validatingadmissionpolicybindings/audits`);
  });
});

describe('ADM-46: conditions of webhooks are compiled when they come or change', () => {
  const condition = (expression: string): object => ({ matchConditions: [{ name: 'c', expression }] });

  it('at creation and in updates', async () => {
    const collection = `${GROUP}/validatingwebhookconfigurations`;
    await registered(
      { kind: 'Validating', path: '/deny', more: condition("object.metadata.name == 'x'") },
      async () => {
        const patched = await running.request('PATCH', `${collection}/hooks`, {
          headers: { 'content-type': 'application/json-patch+json' },
          body: [{ op: 'replace', path: '/webhooks/0/matchConditions/0/expression', value: '1 + 1' }],
        });
        expect(patched.code).toBe(422);
        expect((JSON.parse(patched.text) as { message: string }).message).toBe(
          'ValidatingWebhookConfiguration.admissionregistration.k8s.io "hooks" is invalid: webhooks[0].matchConditions[0].expression: Invalid value: "1 + 1": must evaluate to bool but got int',
        );
      },
    );
    const one = {
      name: 'a.b.c',
      clientConfig: webhook.config('/deny'),
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
    };
    const body = { metadata: { name: 'bad' }, webhooks: [{ ...one, ...condition('object.metadata.name ==') }] };
    const refused = await running.request('POST', collection, { body });
    expect([refused.code, refused.text]).toEqual([
      422,
      expect.stringContaining("compilation failed: ERROR: <input>:1:24: Syntax error: mismatched input '<EOF>'"),
    ]);
  });
});

describe('ADM-47: policies and webhooks are counted', () => {
  it('by name, step, operation and outcome', async () => {
    await registered({ kind: 'Validating', path: '/deny' }, async () => {
      expect((await makeMap()).code).toBe(400);
    });
    const { text } = await running.request('GET', '/metrics');
    const labels = 'name="hook.example.com",operation="CREATE"';
    expect(text).toContain(
      `apiserver_admission_webhook_rejection_count{error_type="no_error",${labels},rejection_code="400",type="validating"} 1`,
    );
    expect(text).toContain(`apiserver_admission_webhook_admission_duration_seconds_count{${labels},rejected="true"`);
    expect(text).toMatch(
      /apiserver_validating_admission_policy_check_total\{enforcement_action="audit",error_type="no_error",policy="audited",policy_binding="audits"\} \d+/,
    );
  });
});
