import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { define, widget } from '../apiextensions/definitions.ts';
import { type Answer, prepareNamespace, type RunningServer, runServer } from '../running-server.ts';

let running: RunningServer;
const GROUP = '/apis/admissionregistration.k8s.io';
const POLICIES = `${GROUP}/v1/mutatingadmissionpolicies`;
const BINDINGS = `${GROUP}/v1/mutatingadmissionpolicybindings`;
const MAPS = '/api/v1/namespaces/mutated/configmaps';
const DEPLOYMENTS = '/apis/apps/v1/namespaces/mutated/deployments';

beforeAll(async () => {
  running = await runServer();
  await prepareNamespace(running, 'mutated');
});
afterAll(() => running.stop());

function rule(apiGroups: readonly string[], resources: readonly string[]): object {
  return { apiGroups, apiVersions: ['*'], operations: ['CREATE', 'UPDATE'], resources };
}

const ABOUT_MAPS = { resourceRules: [rule([''], ['configmaps'])] };
const ABOUT_DEPLOYMENTS = { resourceRules: [rule(['apps'], ['deployments'])] };

const apply = (expression: string): object => ({ patchType: 'ApplyConfiguration', applyConfiguration: { expression } });
const patch = (expression: string): object => ({ patchType: 'JSONPatch', jsonPatch: { expression } });

interface PolicyParts {
  readonly name?: string;
  readonly mutations: readonly object[];
  readonly spec?: object;
  readonly binding?: object;
}

async function created(path: string, body: object): Promise<void> {
  const answer = await running.request('POST', path, { body });
  expect([answer.code, answer.text]).toEqual([201, expect.anything()]);
}

/** Puts policies in force in the namespace while `work` runs. */
async function inForce(policies: readonly PolicyParts[], work: () => Promise<void>): Promise<void> {
  const names = policies.map(({ name = 'policy' }) => name);
  for (const [i, { mutations, spec, binding }] of policies.entries()) {
    const metadata = { name: names[i] };
    const own = { matchConstraints: ABOUT_MAPS, reinvocationPolicy: 'Never', mutations, ...spec };
    await created(POLICIES, { metadata, spec: own });
    const matchResources = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'mutated' } } };
    await created(BINDINGS, { metadata, spec: { policyName: names[i], matchResources, ...binding } });
  }
  try {
    await work();
  } finally {
    for (const name of names) {
      await running.request('DELETE', `${BINDINGS}/${name}`);
      await running.request('DELETE', `${POLICIES}/${name}`);
    }
  }
}

interface Made {
  readonly code: number;
  // biome-ignore format: one line tells it
  readonly object: { metadata: { labels?: object; annotations?: object }; data?: object; spec?: Record<string, unknown>; message?: string; reason?: string; details?: { causes?: object[] } };
}

function made({ code, text }: Answer): Made {
  return { code, object: JSON.parse(text) as Made['object'] };
}

const WIDGET_SPEC = { type: 'object', properties: { size: { type: 'integer' }, kept: { type: 'string' } } };
const WIDGET_SCHEMA = { type: 'object', properties: { spec: WIDGET_SPEC } };
let count = 0;

async function makeMap(data: object = {}, more: object = {}): Promise<Made> {
  return made(await running.request('POST', MAPS, { body: { metadata: { name: `map-${count++}`, ...more }, data } }));
}

async function deploy(spec: object = {}): Promise<Made> {
  const name = `web-${count++}`;
  const labels = { app: name };
  const container = { name: 'web', image: 'nginx', env: [{ name: 'A', value: '1' }] };
  const template = { metadata: { labels }, spec: { containers: [container] } };
  const body = { metadata: { name }, spec: { replicas: 1, selector: { matchLabels: labels }, template, ...spec } };
  return made(await running.request('POST', DEPLOYMENTS, { body }));
}

describe('ADM-40: policies lay configurations over objects, or patch them', () => {
  it('by the schema: what has keys is merged, what is new is filled in with defaults', async () => {
    const mutations = [
      apply('Object{metadata: Object.metadata{annotations: {"mutated-by": "policy"}}, spec: Object.spec{replicas: 7}}'),
      apply(`Object{spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{
        containers: [Object.spec.template.spec.containers{
          name: "web", env: [Object.spec.template.spec.containers.env{name: "B", value: string(object.spec.replicas)}]
        }],
        initContainers: [Object.spec.template.spec.initContainers{name: "first", image: "busybox"}]
      }}}}`),
    ];
    await inForce([{ mutations, spec: { matchConstraints: ABOUT_DEPLOYMENTS } }], async () => {
      const { code, object } = await deploy();
      expect(code).toBe(201);
      expect(object).toMatchObject({
        metadata: { annotations: { 'mutated-by': 'policy' } },
        spec: {
          replicas: 7,
          template: {
            spec: {
              containers: [
                {
                  name: 'web',
                  image: 'nginx',
                  env: [
                    { name: 'A', value: '1' },
                    { name: 'B', value: '7' },
                  ],
                },
              ],
              initContainers: [{ name: 'first', terminationMessagePolicy: 'File' }],
            },
          },
        },
      });
    });
  });

  it('and refuses what can only be replaced as a whole, what is misnamed, and what nobody declared', async () => {
    const refusals = [
      [
        'Object{spec: Object.spec{selector: Object.spec.selector{matchLabels: {"l": "v"}}}}',
        'error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .spec.selector',
      ],
      [
        'Object{spec: Object.specx{replicas: 1}}',
        'type mismatch: unexpected type name "Object.specx", expected "Object.spec", which matches field name path from root Object type',
      ],
      [
        'Object{spec: Object.spec{replicasx: 1}}',
        'error applying patch: failed to convert patch object to typed object: .spec.replicasx: field not declared in schema',
      ],
      ['Object{spec: Object.spec{replicas: object.spec.nothing}}', undefined],
    ] as const;
    for (const [expression, why] of refusals) {
      await inForce([{ mutations: [apply(expression)], spec: { matchConstraints: ABOUT_DEPLOYMENTS } }], async () => {
        const { code, object } = await deploy();
        const reason = why ?? `expression '${expression}' resulted in error: no such key: nothing`;
        const message = `policy 'policy' with binding 'policy' denied request: ${reason}`;
        expect([code, object.reason, object.message]).toEqual([403, 'Invalid', message]);
        expect(object.details?.causes).toEqual([{ message }]);
      });
    }
  });

  it('with JSON patches, whose keys are escaped and whose tests may fail', async () => {
    const mutations = [
      patch(`[
        JSONPatch{op: "test", path: "/data/wanted", value: "yes"},
        JSONPatch{op: "add", path: "/metadata/labels/" + jsonpatch.escapeKey("example.com/a"), value: jsonpatch.escapeKey("c~d").replace("~", "-")},
        JSONPatch{op: "copy", from: "/data/wanted", path: "/data/copied"}
      ]`),
    ];
    await inForce([{ mutations }], async () => {
      const labels = { x: 'y' };
      const wanted = await makeMap({ wanted: 'yes' }, { labels });
      expect(wanted.object.data).toEqual({ wanted: 'yes', copied: 'yes' });
      expect([wanted.code, wanted.object.metadata.labels]).toEqual([201, { x: 'y', 'example.com/a': 'c-0d' }]);
      expect((await makeMap({ wanted: 'no' }, { labels })).object.data).toEqual({ wanted: 'no' });
    });
  });

  it('refuses patches that make no object of the kind', async () => {
    await inForce([{ mutations: [patch('[JSONPatch{op: "add", path: "/bogus", value: 1}]')] }], async () => {
      const { code, object } = await makeMap();
      expect([code, object.message]).toEqual([
        500,
        'Internal error occurred: strict decoding error: unknown field "bogus"',
      ]);
    });
  });

  it('for custom resources by their schemas', async () => {
    await define(running, { group: 'mutated.example.com', schema: WIDGET_SCHEMA });
    const expression = 'Object{spec: Object.spec{size: 4}}';
    const matchConstraints = { resourceRules: [rule(['mutated.example.com'], ['widgets'])] };
    await inForce([{ mutations: [apply(expression)], spec: { matchConstraints } }], async () => {
      const path = '/apis/mutated.example.com/v1/namespaces/mutated/widgets';
      const answer = await running.request('POST', path, {
        body: widget('mutated.example.com', 'changed', { spec: { size: 1, kept: 'yes' } }),
      });
      expect(made(answer).object.spec).toEqual({ size: 4, kept: 'yes' });
    });
  });
});

describe('ADM-41: what policies are asked about, and with what', () => {
  it('variables, conditions, parameters, the namespace and the authorizer', async () => {
    await created(MAPS, { metadata: { name: 'settings', labels: { settings: 'yes' } }, data: { team: 'blue' } });
    const spec = {
      paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
      matchConditions: [
        { name: 'not-settings', expression: "!has(object.metadata.labels) || !('settings' in object.metadata.labels)" },
      ],
      variables: [
        { name: 'team', expression: 'params.data.team' },
        { name: 'may', expression: "authorizer.group('').resource('secrets').check('list').allowed()" },
      ],
    };
    const expression = `Object{data: {"team": variables.team, "in": namespaceObject.metadata.name, "may": string(variables.may)}}`;
    const binding = { paramRef: { name: 'settings', parameterNotFoundAction: 'Deny' } };
    await inForce([{ mutations: [apply(expression)], spec, binding }], async () => {
      expect((await makeMap({ own: '1' })).object.data).toEqual({ own: '1', team: 'blue', in: 'mutated', may: 'true' });
      expect((await makeMap({ own: '1' }, { labels: { settings: 'no' } })).object.data).toEqual({ own: '1' });
    });
    const missing = { paramRef: { name: 'nowhere', parameterNotFoundAction: 'Deny' } };
    await inForce([{ mutations: [apply(expression)], spec, binding: missing }], async () => {
      const { code, object } = await makeMap();
      const why = 'failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction';
      expect([code, object.reason, object.message]).toEqual([
        403,
        'Forbidden',
        `policy 'policy' with binding 'policy' denied request: ${why}`,
      ]);
    });
  });

  it('failures that are to be ignored leave the object as it was', async () => {
    const mutations = [apply('Object{data: {"a": object.data.none}}'), apply('Object{data: {"b": "1"}}')];
    await inForce([{ mutations, spec: { failurePolicy: 'Ignore' } }], async () => {
      expect((await makeMap({ own: '1' })).object.data).toEqual({ own: '1', b: '1' });
    });
  });

  it('in every version in which policies are served', async () => {
    for (const version of ['v1beta1', 'v1alpha1']) {
      const body = {
        metadata: { name: `old-${version}` },
        spec: { matchConstraints: ABOUT_MAPS, reinvocationPolicy: 'Never', mutations: [apply('Object{}')] },
      };
      await created(`${GROUP}/${version}/mutatingadmissionpolicies`, body);
      expect((await running.request('DELETE', `${POLICIES}/old-${version}`)).code).toBe(200);
    }
  });
});

describe('ADM-42: policies see what others changed after them, when they want to', () => {
  it.each([
    ['IfNeeded', { own: '1', first: 'saw b', b: 'set' }],
    ['Never', { own: '1', first: 'saw nothing', b: 'set' }],
  ])('%s', async (reinvocationPolicy, data) => {
    const first = apply(`Object{data: {"first": has(object.data.b) ? "saw b" : "saw nothing"}}`);
    const policies = [
      { name: 'a', mutations: [first], spec: { reinvocationPolicy } },
      { name: 'b', mutations: [apply('Object{data: {"b": "set"}}')] },
    ];
    await inForce(policies, async () => {
      expect((await makeMap({ own: '1' })).object.data).toEqual(data);
    });
  });
});

describe('ADM-43: policies that cannot be applied are refused', () => {
  const valid = { matchConstraints: ABOUT_MAPS, reinvocationPolicy: 'Never', mutations: [apply('Object{}')] };
  const refused = async (spec: object): Promise<string> => {
    const answer = await running.request('POST', POLICIES, { body: { metadata: { name: 'bad' }, spec } });
    expect(answer.code).toBe(422);
    return (made(answer).object.message ?? '').replace(
      'MutatingAdmissionPolicy.admissionregistration.k8s.io "bad" is invalid: ',
      '',
    );
  };

  it.each([
    [
      {},
      '[spec.matchConstraints: Required value, spec.mutations: Required value: mutations must contain at least one item, spec.reinvocationPolicy: Required value]',
    ],
    [{ ...valid, mutations: [{}] }, 'spec.mutations[0].patchType: Required value'],
    [
      { ...valid, mutations: [{ patchType: 'JSONPatch' }] },
      'spec.mutations[0].jsonPatch: Required value: must be specified when patchType is JSONPatch',
    ],
    [
      { ...valid, mutations: [{ ...apply('Object{}'), jsonPatch: { expression: '[]' } }] },
      'spec.mutations[0].jsonPatch: Invalid value: "{jsonPatch}": must not be specified when patchType is ApplyConfiguration',
    ],
    [
      { ...valid, mutations: [apply('1 + 1')] },
      'spec.mutations[0].applyConfiguration.expression: Invalid value: "1 + 1": must evaluate to Object but got int',
    ],
    [
      { ...valid, mutations: [patch('Object{}')] },
      'spec.mutations[0].jsonPatch.expression: Invalid value: "Object{}": must evaluate to list(JSONPatch) but got Object',
    ],
    [
      { ...valid, mutations: [apply('Object{')] },
      `spec.mutations[0].applyConfiguration.expression: Invalid value: "Object{": compilation failed: ERROR: <input>:1:8: Syntax error: mismatched input '<EOF>' expecting {'}', ',', '?', IDENTIFIER, ESC_IDENTIFIER}\n | Object{\n | .......^`,
    ],
    [
      { ...valid, matchConstraints: { resourceRules: [{ ...rule([''], ['pods']), operations: ['DELETE'] }] } },
      'spec.matchConstraints.resourceRules.operations: Unsupported value: "DELETE": supported values: "*", "CONNECT", "CREATE", "UPDATE"',
    ],
    [
      { ...valid, reinvocationPolicy: 'Often' },
      'spec.reinvocationPolicy: Unsupported value: "Often": supported values: "IfNeeded", "Never"',
    ],
    [
      { ...valid, variables: [{ name: 'a-b', expression: 'x' }] },
      `[spec.variables[0].name: Invalid value: "a-b": name is not a valid CEL identifier, spec.variables[0].expression: Invalid value: "x": compilation failed: ERROR: <input>:1:1: undeclared reference to 'x' (in container '')\n | x\n | ^]`,
    ],
  ])('%j', async (spec, message) => {
    expect(await refused(spec)).toBe(message);
  });
});
