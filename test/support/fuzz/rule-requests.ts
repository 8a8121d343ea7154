/**
 * Broken requests about what makes rules: definitions with schemas and CEL, custom objects, policies, webhooks, flow schemas,
 * certificates; and what is unusual about bodies: protobuf, huge numbers, deep nesting, tables.
 *
 * Invariant: as of all of them (requests.ts): none may change anything.
 */
import { Schema } from '@regatta/api';
import type { Dice } from './dice.ts';
import type { FuzzRequest } from './requests.ts';
import { Values } from './values.ts';

const DRY_RUN = 'dryRun=All';
const JSON_TYPE = { 'content-type': 'application/json' };
const EXPRESSIONS = [
  ...['self', 'oldSelf', 'object', 'params', 'variables.x', 'request.userInfo', 'namespaceObject', 'authorizer'],
  ...[
    'self.a',
    'self.list.all(x, x > 0)',
    'self.map.exists(k, k == "a")',
    'self.s.matches("(a+)+$")',
    '[1,2].map(x, x*x)',
  ],
  ...[
    '"a".repeat',
    'quantity("1Ki")',
    'ip("::1").family()',
    'cidr("10.0.0.0/8")',
    'url("http://a").getHost()',
    'format.dns1123Label()',
  ],
  ...[
    '9223372036854775807',
    '-9223372036854775808',
    '1e309',
    '0xffffffffffffffff',
    '1u',
    'b"\\xff"',
    'r"\\"',
    "'''a'''",
    'null',
  ],
  ...[
    'duration("1h")',
    'timestamp("2026-01-01T00:00:00Z")',
    'size(self)',
    'dyn(1)',
    'type(self)',
    '__self__.x',
    'has(self.a)',
  ],
];
const OPERATORS = [
  ' + ',
  ' - ',
  ' * ',
  ' / ',
  ' % ',
  ' && ',
  ' || ',
  ' == ',
  ' != ',
  ' < ',
  ' in ',
  '.',
  ' ? ',
  ' : ',
  '[',
  '(',
  ', ',
];
const TYPES = ['string', 'integer', 'number', 'boolean', 'array', 'object', 'null', '', 'x'];
const FORMATS = ['int32', 'int64', 'double', 'date-time', 'byte', 'ipv4', 'uuid', 'regex', '__proto__', 'x'];
const PATTERNS = [
  '^a$',
  '(a+)+$',
  '(',
  '[',
  '\\',
  '(?=x)',
  'a{1000000}',
  '(?P<x>y)',
  '\\p{Greek}',
  '.*'.repeat(50),
  '\u0000',
];

type Sort = readonly [string, () => FuzzRequest];

export class RuleRequests {
  readonly #values: Values;
  readonly sorts: readonly Sort[];

  constructor(private readonly dice: Dice) {
    this.#values = new Values(dice);
    this.sorts = [
      ['definitions', () => this.#definition()],
      ['custom objects', () => this.#customObject()],
      ['policies', () => this.#policy()],
      ['tables', () => this.#table()],
      ['protobuf', () => this.#protobuf()],
      ['numbers and nesting', () => this.#heavy()],
      ['certificates', () => this.#certificate()],
    ];
  }

  #definition(): FuzzRequest {
    const { dice } = this;
    const group = dice.pick(['fuzz.example.com', 'fuzz.example.com', 'k8s.io', '', '..']);
    const version = () => ({
      name: dice.pick(['v1', 'v2', 'v1beta1', 'V1', '']),
      served: dice.chance(0.9),
      storage: dice.chance(0.6),
      schema: dice.chance(0.05) ? this.#values.anything() : { openAPIV3Schema: { type: 'object', ...this.#schema(0) } },
      ...(dice.chance(0.3) ? { subresources: this.#odd({ status: {}, scale: this.#scale() }) } : {}),
      ...(dice.chance(0.3)
        ? { additionalPrinterColumns: this.#odd([{ name: 'A', type: 'string', jsonPath: this.#path() }]) }
        : {}),
      ...(dice.chance(0.3) ? { selectableFields: this.#odd([{ jsonPath: this.#path() }]) } : {}),
    });
    const spec = {
      group,
      scope: dice.pick(['Namespaced', 'Cluster', 'x']),
      names: this.#odd({ plural: 'fuzzes', kind: 'Fuzz', singular: 'fuzz', shortNames: ['fz'], categories: ['all'] }),
      versions: dice.times(3, version),
      ...(dice.chance(0.2)
        ? { conversion: this.#odd({ strategy: dice.pick(['None', 'Webhook', 'x']), webhook: {} }) }
        : {}),
    };
    return this.#create('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `fuzzes.${group}` },
      spec: this.#odd(spec),
    });
  }

  #schema(depth: number): Record<string, unknown> {
    const { dice } = this;
    const below = (): unknown => (depth > 4 ? { type: 'string' } : this.#odd(this.#schema(depth + 1)));
    return {
      type: dice.pick(TYPES),
      ...(dice.chance(0.5)
        ? { properties: Object.fromEntries(dice.times(3, () => [this.#values.text(), below()])) }
        : {}),
      ...(dice.chance(0.3) ? { items: below() } : {}),
      ...(dice.chance(0.2) ? { additionalProperties: dice.chance(0.5) ? below() : dice.chance(0.5) } : {}),
      ...(dice.chance(0.2) ? { [dice.pick(['allOf', 'anyOf', 'oneOf'])]: dice.times(3, below) } : {}),
      ...(dice.chance(0.2) ? { pattern: dice.pick(PATTERNS) } : {}),
      ...(dice.chance(0.2) ? { format: dice.pick(FORMATS) } : {}),
      ...(dice.chance(0.2) ? { default: this.#values.anything() } : {}),
      ...(dice.chance(0.2) ? { enum: dice.times(3, () => this.#values.anything()) } : {}),
      ...(dice.chance(0.3) ? { 'x-kubernetes-validations': dice.times(3, () => this.#rule()) } : {}),
      ...(dice.chance(0.2)
        ? { 'x-kubernetes-list-type': dice.pick(['map', 'set', 'atomic', 'x']), 'x-kubernetes-list-map-keys': ['a'] }
        : {}),
      ...(dice.chance(0.2)
        ? {
            [dice.pick(['minLength', 'maxItems', 'multipleOf', 'minimum', 'maxProperties'])]: dice.pick([
              -1,
              0,
              1,
              2 ** 40,
              1e308,
            ]),
          }
        : {}),
      ...(dice.chance(0.1)
        ? { [dice.pick(['x-kubernetes-int-or-string', 'x-kubernetes-preserve-unknown-fields', 'nullable'])]: true }
        : {}),
    };
  }

  #rule(): unknown {
    return this.#odd({
      rule: this.#expression(0),
      message: this.#values.text(),
      messageExpression: this.#expression(2),
      reason: this.dice.pick(['FieldValueInvalid', 'x']),
      fieldPath: this.#path(),
    });
  }

  #expression(depth: number): string {
    const { dice } = this;
    if (depth > 5 || dice.chance(0.3)) return dice.chance(0.1) ? this.#values.text() : dice.pick(EXPRESSIONS);
    if (dice.chance(0.05)) return `${'('.repeat(dice.roll(2000))}1`;
    if (dice.chance(0.1)) return `[1,2,3].all(x, ${this.#expression(depth + 1)})`;
    return `${this.#expression(depth + 1)}${dice.pick(OPERATORS)}${this.#expression(depth + 1)}`;
  }

  #path(): string {
    return this.dice.pick([
      '.spec.a',
      '.spec.items[*]',
      '.metadata.name',
      '..',
      '[',
      ".a['b']",
      '{.x}',
      '',
      '.'.repeat(500),
    ]);
  }

  #scale(): unknown {
    return { specReplicasPath: this.#path(), statusReplicasPath: this.#path(), labelSelectorPath: this.#path() };
  }

  /** Of the definition that the run begins with (run-fuzz.ts). */
  #customObject(): FuzzRequest {
    const { dice } = this;
    const spec = Object.fromEntries(
      dice.times(6, () => [dice.pick(['a', 'count', 'list', 'map', 'x', '__proto__']), this.#values.anything()]),
    );
    const object = { apiVersion: 'fuzz.example.com/v1', kind: 'Widget', metadata: { name: 'w' }, spec };
    const collection = '/apis/fuzz.example.com/v1/namespaces/default/widgets';
    if (dice.chance(0.6)) return this.#create(collection, this.#odd(object));
    const type = dice.pick(['merge-patch+json', 'json-patch+json', 'apply-patch+yaml', 'strategic-merge-patch+json']);
    const path = `${collection}/kept${dice.pick(['', '/status', '/scale'])}?${DRY_RUN}&fieldManager=fuzz${dice.chance(0.5) ? '&force=true' : ''}`;
    const patch = type.startsWith('json')
      ? [{ op: 'replace', path: `/spec/${dice.pick(['a', 'count', 'list/0', '-'])}`, value: this.#values.anything() }]
      : object;
    return { method: 'PATCH', path, headers: { 'content-type': `application/${type}` }, body: bytesOf(patch) };
  }

  #policy(): FuzzRequest {
    const { dice } = this;
    const kind = dice.pick([
      ...['ValidatingAdmissionPolicy', 'MutatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding'],
      ...['ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration', 'FlowSchema', 'PriorityLevelConfiguration'],
    ]);
    const info = Schema.load().resources.find((one) => one.kind === kind && !one.resource.includes('/'));
    if (!info) return this.#definition();
    const object = this.#values.object(info.typeId, 0.05);
    const rules = {
      matchConstraints: {
        resourceRules: [{ apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*'] }],
      },
    };
    const spec = {
      ...rules,
      validations: dice.times(3, () => ({ expression: this.#expression(0), messageExpression: this.#expression(3) })),
      variables: dice.times(3, () => ({ name: dice.pick(['x', 'y', '1', '']), expression: this.#expression(1) })),
      matchConditions: dice.times(2, () => ({ name: 'm', expression: this.#expression(1) })),
      ...(kind === 'MutatingAdmissionPolicy'
        ? { mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: this.#expression(0) } }] }
        : {}),
    };
    return this.#create(`/apis/${info.group}/${info.version}/${info.resource}`, {
      ...object,
      apiVersion: `${info.group}/${info.version}`,
      kind,
      metadata: { name: 'fuzz' },
      ...(kind.endsWith('Policy') ? { spec: this.#odd(spec) } : {}),
    });
  }

  #table(): FuzzRequest {
    const { dice } = this;
    const info = dice.pick(Schema.load().resources.filter(({ resource }) => !resource.includes('/')));
    const root = info.group ? `/apis/${info.group}/${info.version}` : `/api/${info.version}`;
    const as = dice.pick(['Table', 'PartialObjectMetadata', 'PartialObjectMetadataList', 'x', '']);
    const version = dice.pick(['v1', 'v1beta1', 'v2', '']);
    const media = dice.pick([
      'application/json',
      'application/yaml',
      'application/vnd.kubernetes.protobuf',
      'application/cbor',
    ]);
    const query = `includeObject=${dice.pick(['None', 'Object', 'Metadata', 'x'])}&limit=${dice.pick(['1', '0', '-1', '1e9', ''])}&resourceVersion=${dice.pick(['', '0', '1', '99999999999999999999'])}`;
    return {
      method: dice.pick(['GET', 'GET', 'HEAD']),
      path: `${root}/${info.resource}?${query}`,
      headers: { accept: `${media};as=${as};v=${version};g=meta.k8s.io${dice.chance(0.5) ? ',*/*;q=0.1' : ''}` },
    };
  }

  /** Right bytes with some wrong, cut off, or of another kind. */
  #protobuf(): FuzzRequest {
    const { dice } = this;
    const info = dice.pick(
      Schema.load().resources.filter(({ resource, verbs }) => !resource.includes('/') && verbs.has('create')),
    );
    const root = info.group ? `/apis/${info.group}/${info.version}` : `/api/${info.version}`;
    const bytes = [...this.#encoded(info.kind, info.group ? `${info.group}/${info.version}` : info.version)];
    for (let i = 0; i < dice.roll(4); i++)
      bytes.splice(dice.roll(bytes.length + 1), dice.roll(3), ...dice.bytes(dice.roll(5)));
    const body = Buffer.from(bytes).subarray(0, dice.chance(0.2) ? dice.roll(bytes.length + 1) : undefined);
    const namespace = info.namespaced ? '/namespaces/default' : '';
    const headers = {
      'content-type': 'application/vnd.kubernetes.protobuf',
      accept: 'application/vnd.kubernetes.protobuf',
    };
    return { method: 'POST', path: `${root}${namespace}/${info.resource}?${DRY_RUN}`, headers, body };
  }

  /** The envelope (k8s\0, runtime.Unknown) with metadata.name and what else looks like fields. */
  #encoded(kind: string, apiVersion: string): Buffer {
    const field = (number: number, data: Buffer): Buffer =>
      Buffer.concat([Buffer.from([(number << 3) | 2]), varint(data.length), data]);
    const text = (value: string): Buffer => Buffer.from(value);
    const metadata = field(1, field(1, text('fuzz')));
    const rest = this.dice.times(4, () =>
      this.dice.chance(0.5)
        ? field(1 + this.dice.roll(8), this.dice.bytes(this.dice.roll(30)))
        : Buffer.concat([
            Buffer.from([(1 + this.dice.roll(8)) << 3]),
            varint(this.dice.pick([0, 1, 2 ** 31, 2 ** 50])),
          ]),
    );
    const raw = Buffer.concat([metadata, ...rest]);
    const type = Buffer.concat([field(1, text(apiVersion)), field(2, text(kind))]);
    return Buffer.concat([text('k8s\0'), field(1, type), field(2, raw)]);
  }

  #heavy(): FuzzRequest {
    const { dice } = this;
    const deep = 1 + dice.roll(20_000);
    const value = dice.pick([
      `${'['.repeat(deep)}${']'.repeat(deep)}`,
      `${'{"a":'.repeat(deep)}1${'}'.repeat(deep)}`,
      '9'.repeat(1 + dice.roll(5000)),
      `1e${'9'.repeat(1 + dice.roll(50))}`,
      `-0.${'0'.repeat(dice.roll(3000))}1`,
      `"${'\\u0000'.repeat(dice.roll(3000))}"`,
      `"${'a'.repeat(dice.roll(100_000))}"`,
      `{${Array.from({ length: dice.roll(3000) }, (_, i) => `"k${i}":"v"`).join(',')}}`,
    ]);
    const at = dice.pick(['data', 'metadata', 'spec', 'x', 'immutable']);
    const body = Buffer.from(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"heavy"},"${at}":${value}}`);
    if (dice.chance(0.7))
      return { method: 'POST', path: `/api/v1/namespaces/default/configmaps?${DRY_RUN}`, headers: JSON_TYPE, body };
    const type = dice.pick([
      'application/json-patch+json',
      'application/merge-patch+json',
      'application/apply-patch+yaml',
    ]);
    const patch = type.includes('json-patch') ? Buffer.from(`[{"op":"add","path":"/data","value":${value}}]`) : body;
    const path = `/api/v1/namespaces/default/configmaps/kube-root-ca.crt?${DRY_RUN}&fieldManager=fuzz`;
    return { method: 'PATCH', path, headers: { 'content-type': type }, body: patch };
  }

  #certificate(): FuzzRequest {
    const { dice } = this;
    const label = dice.pick(['CERTIFICATE REQUEST', 'CERTIFICATE', 'PRIVATE KEY', '']);
    const pem = `-----BEGIN ${label}-----\n${dice.bytes(dice.roll(600)).toString('base64')}\n-----END ${label}-----\n`;
    const request = dice.pick([
      Buffer.from(pem).toString('base64'),
      pem,
      dice.bytes(50).toString('base64'),
      '',
      null,
      1,
    ]);
    return this.#create('/apis/certificates.k8s.io/v1/certificatesigningrequests', {
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      metadata: { name: 'fuzz' },
      spec: this.#odd({
        request,
        signerName: dice.pick([
          'kubernetes.io/kube-apiserver-client',
          'kubernetes.io/legacy-unknown',
          'x',
          'a/b/c',
          '',
        ]),
        usages: dice.times(4, () => dice.pick(['client auth', 'server auth', 'any', 'x', ''])),
        expirationSeconds: dice.pick([600, 599, -1, 2 ** 31, 1.5]),
      }),
    });
  }

  /** Now and then something else altogether. */
  #odd(value: unknown): unknown {
    return this.dice.chance(0.03) ? this.#values.anything() : value;
  }

  #create(path: string, object: unknown): FuzzRequest {
    const validation = this.dice.pick(['', '&fieldValidation=Strict', '&fieldValidation=Ignore']);
    return { method: 'POST', path: `${path}?${DRY_RUN}${validation}`, headers: JSON_TYPE, body: bytesOf(object) };
  }
}

function bytesOf(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value) ?? 'null');
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = BigInt(value);
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 0x80 : low);
  } while (rest > 0n);
  return Buffer.from(bytes);
}
