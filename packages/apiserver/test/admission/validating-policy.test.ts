import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { define, widget } from '../apiextensions/definitions.ts';
import { type Answer, prepareNamespace, type RunningServer, runServer } from '../running-server.ts';

let running: RunningServer;
const POLICIES = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies';
const BINDINGS = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings';
const DEPLOYMENTS = '/apis/apps/v1/namespaces/bound/deployments';

beforeAll(async () => {
  running = await runServer();
  await prepareNamespace(running, 'bound');
});
afterAll(() => running.stop());

function message(answer: Answer): string {
  return (JSON.parse(answer.text) as { message: string }).message;
}

const ABOUT_DEPLOYMENTS = [
  { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['deployments'] },
];

interface PolicyParts {
  readonly spec: object;
  readonly binding?: object;
}

/** Puts a policy named `policy` in force in the namespace while `work` runs. */
async function inForce({ spec, binding }: PolicyParts, work: () => Promise<void>): Promise<void> {
  const body = {
    metadata: { name: 'policy' },
    spec: { matchConstraints: { resourceRules: ABOUT_DEPLOYMENTS }, ...spec },
  };
  const created = await running.request('POST', POLICIES, { body });
  expect([created.code, created.text]).toEqual([201, expect.anything()]);
  const matchResources = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'bound' } } };
  const bound = await running.request('POST', BINDINGS, {
    body: {
      metadata: { name: 'binding' },
      spec: { policyName: 'policy', validationActions: ['Deny'], matchResources, ...binding },
    },
  });
  expect([bound.code, bound.text]).toEqual([201, expect.anything()]);
  try {
    await work();
  } finally {
    await running.request('DELETE', `${BINDINGS}/binding`);
    await running.request('DELETE', `${POLICIES}/policy`);
  }
}

function deploy(name: string, replicas: number, path = DEPLOYMENTS): Promise<Answer> {
  const labels = { app: name };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'nginx' }] } };
  return running.request('POST', path, {
    body: { metadata: { name }, spec: { replicas, selector: { matchLabels: labels }, template } },
  });
}

describe('ADM-33: policies refuse what their expressions do not allow, where a binding says so', () => {
  it('denies with code, reason and cause', async () => {
    await inForce({ spec: { validations: [{ expression: 'object.spec.replicas <= 2' }] } }, async () => {
      expect((await deploy('small', 1)).code).toBe(201);
      const denied = await deploy('large', 3);
      const text =
        "ValidatingAdmissionPolicy 'policy' with binding 'binding' denied request: failed expression: object.spec.replicas <= 2";
      expect(JSON.parse(denied.text)).toMatchObject({
        code: 422,
        reason: 'Invalid',
        message: `deployments.apps "large" is forbidden: ${text}`,
        details: { causes: [{ message: text }] },
      });
      expect((await deploy('elsewhere', 3, '/apis/apps/v1/namespaces/default/deployments')).code).toBe(201);
    });
  });

  it('evaluates variables in their order, and messages', async () => {
    const spec = {
      variables: [
        { name: 'replicas', expression: 'object.spec.replicas' },
        { name: 'odd', expression: 'variables.replicas % 2 == 1' },
      ],
      validations: [
        {
          expression: 'variables.replicas > 1 && variables.odd',
          messageExpression: "'not odd: ' + string(variables.replicas)",
          reason: 'Forbidden',
        },
      ],
    };
    await inForce({ spec }, async () => {
      const denied = await deploy('even', 4);
      expect([denied.code, message(denied)]).toEqual([
        403,
        `deployments.apps "even" is forbidden: ValidatingAdmissionPolicy 'policy' with binding 'binding' denied request: not odd: 4`,
      ]);
      expect((await deploy('odd', 3)).code).toBe(201);
    });
  });

  it('asks what others may do, and knows the namespace', async () => {
    const robot = "authorizer.serviceAccount('bound', 'robot').group('').resource('pods')";
    const expressions = [
      "authorizer.group('').resource('pods').fieldSelector('spec.nodeName=n').labelSelector('a=b').check('list').allowed()",
      `!${robot}.check('list').allowed() && !${robot}.check('list').errored()`,
      "namespaceObject.metadata.labels['kubernetes.io/metadata.name'] == 'bound' && namespaceObject.status.phase == 'Active'",
    ];
    await inForce({ spec: { validations: expressions.map((expression) => ({ expression })) } }, async () => {
      expect((await deploy('asks', 1)).code).toBe(201);
    });
    const wrong = { validations: [{ expression: "authorizer.group('').resource('').check('get').allowed()" }] };
    await inForce({ spec: wrong }, async () => {
      expect(message(await deploy('asks-nothing', 1))).toContain('resulted in error: resource must not be empty');
    });
  });

  it('takes parameters from objects, and warns where that is asked', async () => {
    const maps = '/api/v1/namespaces/bound/configmaps';
    await running.request('POST', maps, { body: { metadata: { name: 'limits' }, data: { most: '2' } } });
    const spec = {
      paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
      validations: [{ expression: 'object.spec.replicas <= int(params.data.most)', message: 'too many' }],
    };
    const paramRef = { name: 'limits', parameterNotFoundAction: 'Deny' };
    await inForce({ spec, binding: { paramRef, validationActions: ['Warn'] } }, async () => {
      const warned = await deploy('warned', 3);
      expect([warned.code, warned.headers['warning']]).toEqual([
        201,
        `299 - "Validation failed for ValidatingAdmissionPolicy 'policy' with binding 'binding': too many"`,
      ]);
    });
    await inForce({ spec, binding: { paramRef: { ...paramRef, name: 'none' } } }, async () => {
      expect(message(await deploy('unbound', 1))).toContain('no params found for policy binding with `Deny`');
    });
  });

  it('counts errors as failurePolicy says, and leaves out what conditions leave out', async () => {
    const validations = [{ expression: "object.metadata.labels['none'] == 'x'" }];
    await inForce({ spec: { validations } }, async () => {
      expect(message(await deploy('error', 1))).toContain(
        `expression 'object.metadata.labels['none'] == 'x'' resulted in error: no such key`,
      );
    });
    await inForce({ spec: { validations, failurePolicy: 'Ignore' } }, async () => {
      expect((await deploy('ignored', 1)).code).toBe(201);
    });
    const matchConditions = [{ name: 'mine', expression: "object.metadata.name.startsWith('checked')" }];
    await inForce({ spec: { validations: [{ expression: 'false' }], matchConditions } }, async () => {
      expect((await deploy('unchecked', 1)).code).toBe(201);
      expect((await deploy('checked', 1)).code).toBe(422);
    });
  });

  it('is about custom resources as well', async () => {
    const group = 'policed.example.com';
    const path = (await define(running, { group })).replace('/default/', '/bound/');
    const resourceRules = [{ apiGroups: [group], apiVersions: ['v1'], operations: ['CREATE'], resources: ['widgets'] }];
    const spec = { matchConstraints: { resourceRules }, validations: [{ expression: 'object.size < 3' }] };
    await inForce({ spec }, async () => {
      expect((await running.request('POST', path, { body: widget(group, 'a', { size: 2 }) })).code).toBe(201);
      expect((await running.request('POST', path, { body: widget(group, 'b', { size: 3 }) })).code).toBe(422);
    });
  });
});

describe('ADM-34: policies whose expressions do not compile are refused', () => {
  it('tells where', async () => {
    const spec = {
      matchConstraints: { resourceRules: ABOUT_DEPLOYMENTS },
      validations: [{ expression: 'variables.n <= 5' }, { expression: '1 + 1' }],
    };
    const answer = await running.request('POST', POLICIES, { body: { metadata: { name: 'wrong' }, spec } });
    expect(message(answer)).toBe(
      `ValidatingAdmissionPolicy.admissionregistration.k8s.io "wrong" is invalid: [spec.validations[0].expression: Invalid value: "variables.n <= 5": compilation failed: ERROR: <input>:1:1: undeclared reference to 'variables' (in container '')\n | variables.n <= 5\n | ^, spec.validations[1].expression: Invalid value: "1 + 1": must evaluate to bool but got int]`,
    );
  });
});

describe('ADM-35: policies are checked against the types of what they are about', () => {
  it('warns in their status', async () => {
    const spec = {
      matchConstraints: { resourceRules: ABOUT_DEPLOYMENTS },
      validations: [{ expression: "object.spec.replicas > '1'" }, { expression: 'object.spec.maxRetries < 3' }],
    };
    await running.request('POST', POLICIES, { body: { metadata: { name: 'doubtful' }, spec } });
    await expect
      .poll(async () => (await running.json('GET', `${POLICIES}/doubtful`))['status'])
      .toEqual({
        observedGeneration: 1,
        typeChecking: {
          expressionWarnings: [
            {
              fieldRef: 'spec.validations[0].expression',
              warning:
                "apps/v1, Kind=Deployment: ERROR: <input>:1:22: found no matching overload for '_>_' applied to '(int, string)'\n | object.spec.replicas > '1'\n | .....................^\n",
            },
            {
              fieldRef: 'spec.validations[1].expression',
              warning:
                "apps/v1, Kind=Deployment: ERROR: <input>:1:12: undefined field 'maxRetries'\n | object.spec.maxRetries < 3\n | ...........^\n",
            },
          ],
        },
      });
  });
});
