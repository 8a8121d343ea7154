import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DecodeError, DecodeReport, parseApiVersion, parseJson, Schema } from '../src/mod.ts';

const schema = Schema.load();

function typeIdOf(body: { apiVersion: string; kind: string }): string {
  const { group, version } = parseApiVersion(body.apiVersion) ?? { group: '', version: '' };
  const id = schema.typeIdOf(group, version, body.kind);
  if (id === undefined) throw new Error(`no type for ${body.apiVersion} ${body.kind}`);
  return id;
}

/** The object, or what upstream would answer in strict validation. */
function decode(typeId: string, value: unknown): { object?: object; message?: string } {
  const report = new DecodeReport();
  try {
    const object = schema.decoder(typeId).decode(value, report);
    const strict = report.strictErrors;
    return strict.length > 0 ? { object, message: `strict decoding error: ${strict.join(', ')}` } : { object };
  } catch (error) {
    if (error instanceof DecodeError) return { message: error.message };
    throw error;
  }
}

interface Recorded {
  what: string;
  body?: { apiVersion: string; kind: string };
  answer?: { apiVersion: string; kind: string };
  message?: string;
}
const recorded: Recorded[] = fs
  .readFileSync(new URL('fixtures/recorded-bodies.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line));

describe('API-6: bodies that are not what their kind says get the message of kube-apiserver', () => {
  const refused = recorded.flatMap((r) => (r.body ? [[`${r.body.kind}: ${r.what}`, r.body, r.message] as const] : []));
  it.each(refused)('%s', (_, body, message) => expect(decode(typeIdOf(body), body).message).toBe(message));
});

describe('API-6: a schema inside a definition is decoded apart', () => {
  const CRD = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition';
  const inSchema = (openAPIV3Schema: object) => decode(CRD, { spec: { versions: [{ schema: { openAPIV3Schema } }] } });
  const at = 'Go struct field JSONSchemaProps.spec.versions.schema.openAPIV3Schema';
  it.each([
    ['what is neither boolean nor schema', { additionalProperties: 'text' }, 'boolean or JSON schema expected'],
    ['a wrong type', { items: { type: 1 } }, `json: cannot unmarshal number into ${at}.items.type of type string`],
    ['one of a list', { items: ['x'] }, `json: cannot unmarshal string into ${at}.items of type v1.JSONSchemaProps`],
    [
      'the first inside, before the first outside',
      { title: 1, additionalProperties: { properties: { a: { items: { maximum: 'x', type: 1 } } } } },
      `json: cannot unmarshal string into ${at}.additionalProperties.properties.items.maximum of type float64`,
    ],
    [
      'a wrong type in a struct of its own',
      { items: { externalDocs: { url: 1 } } },
      `json: cannot unmarshal number into ${at}.items.externalDocs.url of type string`,
    ],
    ['unknown fields', { items: { bogus: 1 } }, undefined],
  ])('%s', (_, given, message) => expect(inSchema(given).message).toBe(message));
});

describe('API-7: what kube-apiserver wrote decodes to itself, byte for byte', () => {
  const answers = recorded.flatMap((r) => (r.answer ? [[`${r.answer.kind}: ${r.what}`, r.answer] as const] : []));
  it.each(answers)('%s', (_, answer) =>
    expect(JSON.stringify(decode(typeIdOf(answer), answer).object)).toBe(JSON.stringify(answer)),
  );
});

describe('API-8: a decoded object is what Go would write', () => {
  const POD = 'io.k8s.api.core.v1.Pod';
  const ROLE = 'io.k8s.api.rbac.v1.Role';
  it('drops empty fields, fills in those that are always there, orders the rest', () => {
    const { object } = decode(POD, {
      spec: { hostNetwork: false, nodeName: '', containers: [{ image: 'i', args: [], name: 'c' }], affinity: null },
      metadata: { labels: {}, name: 'a' },
      kind: 'Pod',
    });
    expect(JSON.stringify(object)).toBe(
      '{"kind":"Pod","metadata":{"name":"a"},"spec":{"containers":[{"name":"c","image":"i","resources":{}}]},"status":{}}',
    );
  });
  it('keeps empty values of pointers', () => {
    const { object } = decode(POD, {
      spec: { containers: [], securityContext: {}, automountServiceAccountToken: false },
    });
    expect(object).toEqual({
      metadata: {},
      spec: { containers: [], securityContext: {}, automountServiceAccountToken: false },
      status: {},
    });
  });
  it('writes null for required lists that are missing', () =>
    expect(decode(ROLE, {}).object).toEqual({ metadata: {}, rules: null }));
  it('canonicalizes quantities, times and base64', () => {
    const spec = { containers: [{ name: 'c', resources: { requests: { cpu: 0.5, memory: '1024Mi' } } }] };
    const metadata = { creationTimestamp: '2026-01-01T02:00:00.5+02:00' };
    expect(decode(POD, { metadata, spec }).object).toMatchObject({
      metadata: { creationTimestamp: '2026-01-01T00:00:00Z' },
      spec: { containers: [{ resources: { requests: { cpu: '500m', memory: '1Gi' } } }] },
    });
    expect(decode('io.k8s.api.core.v1.Secret', { data: { a: 'YWJj\nZGVm' } }).object).toMatchObject({
      data: { a: 'YWJjZGVm' },
    });
  });
  it('shares nothing with its input', () => {
    const input = { spec: { containers: [{ name: 'c', args: ['x'] }] }, metadata: { labels: { a: 'b' } } };
    const { object } = decode(POD, input);
    input.spec.containers[0]?.args.push('y');
    input.metadata.labels.a = 'z';
    expect(object).toMatchObject({ spec: { containers: [{ args: ['x'] }] }, metadata: { labels: { a: 'b' } } });
  });
  it('takes user keys as they are', () => {
    const { value } = parseJson(Buffer.from('{"data":{"__proto__":"x","constructor":"y"}}'));
    const object = decode('io.k8s.api.core.v1.ConfigMap', value).object as { data: object };
    expect(Object.entries(object.data)).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
  });
});

describe('API-9: numbers are read as Go reads them', () => {
  const LEASE = 'io.k8s.api.coordination.v1.Lease';
  const seconds = (text: string) =>
    decode(LEASE, parseJson(Buffer.from(`{"spec":{"leaseDurationSeconds":${text}}}`)).value);
  const refusal = (text: string) =>
    `json: cannot unmarshal number ${text} into Go struct field LeaseSpec.spec.leaseDurationSeconds of type int32`;
  it.each(['1.0', '1e3', '1.5', '2147483648', '99999999999999999999'])('%s is no int32', (text) =>
    expect(seconds(text).message).toBe(refusal(text)),
  );
  it('a quantity keeps its exponent', () => {
    const { value } = parseJson(Buffer.from('{"spec":{"hard":{"pods":1e3}}}'));
    expect(decode('io.k8s.api.core.v1.ResourceQuota', value).object).toMatchObject({ spec: { hard: { pods: '1e3' } } });
  });
  it('depth does not break it', () => {
    const deep = `${'{"a":'.repeat(999)}1${'}'.repeat(999)}`;
    const { value } = parseJson(Buffer.from(`{"data":${deep}}`));
    expect(decode('io.k8s.api.apps.v1.ControllerRevision', value).message).toBeUndefined();
  });
});

describe('API-13: declared defaults are set where Kubernetes sets them', () => {
  it('protocols yes, zeros no', () => {
    const id = 'io.k8s.api.core.v1.Pod';
    const object = schema
      .decoder(id)
      .decode({ spec: { containers: [{ name: 'c', ports: [{ containerPort: 1 }] }] } }, new DecodeReport());
    schema.defaults(id)(object);
    expect(object).toMatchObject({ spec: { containers: [{ ports: [{ containerPort: 1, protocol: 'TCP' }] }] } });
  });
});

describe('API-25: storing turns required lists that are empty into null', () => {
  it('at any depth, and nothing else', () => {
    const id = 'io.k8s.api.rbac.v1.Role';
    const { object = {} } = decode(id, { rules: [] });
    expect(object).toEqual({ metadata: {}, rules: [] });
    schema.storedForm(id)(object);
    expect(object).toEqual({ metadata: {}, rules: null });
    const pod = decode('io.k8s.api.core.v1.Pod', {
      spec: { containers: [], volumes: [{ name: 'v', projected: { sources: [] } }] },
    });
    schema.storedForm('io.k8s.api.core.v1.Pod')(pod.object ?? {});
    expect(pod.object).toMatchObject({
      spec: { containers: null, volumes: [{ name: 'v', projected: { sources: null } }] },
    });
  });
});
